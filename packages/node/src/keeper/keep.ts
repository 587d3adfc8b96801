/**
 * The keeper itself: launches VPSs, holds their consoles, learns of their ends, and adopts what an earlier keeper left running. Its only
 * lasting state is the runtime's own directory and each bundle's keeper.json.
 */

import { closeSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants } from 'node:os'
import {
  adoptPty,
  type Cgroups,
  type ConfigureNetwork,
  type ExitWatch,
  type GiveDescriptor,
  lastLogMessage,
  type MountNamespace,
  type NetworkStep,
  type OpenConfinedRoot,
  openPty,
  type PrivateMounts,
  type ProcessEnd,
  type Pty,
  type Runtime,
  type UserNamespaces,
} from '@insula/kernel'
import { type Console, openConsole } from './console.ts'
import { endInTime } from './deadline.ts'
import { KeeperError } from './errors.ts'
import { execute } from './execution.ts'
import type { ByteSession, ExecRequest, ExecSession, ExitReport, Kept, LaunchSpec, OutputSink, PlacedFile } from './keeper.ts'
import { launch, type Launched, readKeptRecord } from './launch.ts'
import { type MountsViewMeans, showMounts } from './mounts-view.ts'
import { signalName, signalNumber } from './signals.ts'

export interface KeepMeans {
  readonly cgroups: Cgroups
  readonly mounts: PrivateMounts
  readonly runtime: Runtime
  readonly userNamespaces: UserNamespaces
  readonly exits: ExitWatch
  /** Sends a signal by number. False when there is no such process. */
  readonly kill: (pid: number, signal: number) => boolean
  /** A lasting mount namespace whose /sys/fs/cgroup is the v2 tree. */
  readonly runtimeMounts: MountNamespace
  readonly openRoot: OpenConfinedRoot
  readonly configureNetwork: ConfigureNetwork
  readonly give: GiveDescriptor
  /** Where the runtime hands seccomp listeners over. */
  readonly listenerSocket: string
  readonly scratch: string
  readonly bundles: string
  /** Keeps a console's master descriptor safe across a restart of this process. */
  readonly descriptors: { store(name: string, fd: number): void; drop(name: string): void }
  /** lxcfs's files, which VPSs see in their /proc. */
  readonly view: { readonly mountPoint: string; generation(): number | null; show(pid: number): void }
  readonly makeServedFile: MountsViewMeans['makeServedFile']
  readonly serve: MountsViewMeans['serve']
  /** Whether a connection of the VPS was kept from an earlier keeper. */
  readonly isServed: (id: string) => boolean
  readonly log: (message: string) => void
}

interface Tenant {
  readonly id: string
  readonly pid: number
  readonly bundle: string
  readonly base: number
  readonly cgroup: string
  console: Console
  state: 'created' | 'running'
  /** The lxcfs that served when it was launched; null when none did, or when an earlier keeper launched it. */
  readonly view: number | null
  report: ExitReport | null
  readonly gone: PromiseWithResolvers<void>
}

/** How long the end of a killed init is waited for. */
const KILL_MS = 10_000

/** Disposed of, it lets go of what it holds open; VPSs go on. */
export interface Keep extends Disposable {
  launch(spec: LaunchSpec): Promise<{ readonly pid: number }>
  begin(id: string): Promise<void>
  configureNetwork(id: string, steps: readonly NetworkStep[]): Promise<void>
  placeFiles(id: string, files: readonly PlacedFile[]): void
  signal(id: string, signal: string): boolean
  discard(id: string): Promise<void>
  list(): Kept[]
  reports(): ExitReport[]
  onExit(listener: (report: ExitReport) => void): Disposable
  exec(id: string, request: ExecRequest, sink: OutputSink): Promise<ExecSession>
  console(
    id: string,
    size: { cols: number; rows: number } | null,
    output: (chunk: Buffer) => void,
  ): ByteSession & { readonly ended: Promise<void> }
  consoleLog(id: string): Buffer
  /** Host pids of inits that run or wait. */
  inits(): number[]
}

/** @param inherited consoles' master descriptors by VPS id, kept from an earlier keeper */
export function openKeep(means: KeepMeans, inherited: ReadonlyMap<string, number>): Keep {
  const tenants = new Map<string, Tenant>()
  const listeners = new Set<(report: ExitReport) => void>()
  mkdirSync(means.scratch, { recursive: true, mode: 0o700 })
  mkdirSync(means.bundles, { recursive: true, mode: 0o700 })

  const ended = (tenant: Tenant, end: ProcessEnd): void => {
    // Its last words come before its end.
    tenant.console.readRest()
    tenant.report = { id: tenant.id, code: end.code, signal: signalName(end.signal), request: requestOf(end), at: Date.now() }
    tenant.gone.resolve()
    for (const listener of listeners) listener(tenant.report)
  }
  /** @param alive false: its init is known to be gone, and the pid may be another process's by now */
  const keep = (about: Omit<Tenant, 'gone' | 'report'>, alive = true): void => {
    const tenant: Tenant = { ...about, report: null, gone: Promise.withResolvers() }
    tenants.set(tenant.id, tenant)
    if (alive) means.exits.watch(tenant.pid, (end) => ended(tenant, end))
    else ended(tenant, { pid: tenant.pid, code: null, signal: null })
  }
  const living = (id: string): Tenant => {
    const tenant = tenants.get(id)
    if (!tenant || tenant.report) throw notRunning(id)
    return tenant
  }

  const ending = ({ pid, report }: Tenant): boolean => report !== null || means.exits.ending(pid)

  for (const found of means.runtime.states()) adopt(found.id)
  for (const [id, master] of inherited) {
    if (tenants.has(id)) continue
    // Its VPS was discarded while no keeper was there to drop it.
    means.descriptors.drop(consoleName(id))
    closeSync(master)
  }

  function adopt(id: string): void {
    const found = means.runtime.state(id)
    const record = found && readKeptRecord(found.bundle || join(means.bundles, id))
    if (!found || !record) {
      means.log(`VPS ${id}: the runtime's state is not complete; it can only be discarded`)
      return
    }
    const master = inherited.get(id)
    const pty = master === undefined ? openPty() : adoptPty(master)
    if (master === undefined) means.give(pty.slave, record.base, record.base)
    const alive = found.state !== 'gone'
    if (master === undefined && alive) replaceConsole(means, found.pid, pty)
    if (master === undefined && alive) means.descriptors.store(consoleName(id), pty.master)
    const state = found.state === 'created' ? 'created' : 'running'
    if (alive && record.quota && !means.isServed(id)) showMounts(means, id, found.pid)
    const { base, cgroup } = record
    keep({ id, pid: found.pid, bundle: found.bundle, base, cgroup, console: openConsole(pty), state, view: null }, alive)
    means.log(`VPS ${id}: ${alive ? `adopted, init is ${found.pid}` : 'its init has ended'}`)
  }

  async function discard(id: string): Promise<void> {
    const tenant = tenants.get(id)
    if (tenant && !tenant.report) {
      means.kill(tenant.pid, constants.signals.SIGKILL)
      await Promise.race([tenant.gone.promise, timeout(KILL_MS)])
    }
    const state = means.runtime.state(id)
    if (state) {
      await endInTime(means.mounts.inNamespace(means.runtimeMounts, () => means.runtime.remove(id)))
      means.runtime.forget(id)
    }
    rmSync(join(means.bundles, id), { recursive: true, force: true })
    if (tenant) {
      tenants.delete(id)
      means.descriptors.drop(consoleName(id))
      tenant.console[Symbol.dispose]()
    }
  }

  return {
    async launch(spec) {
      if (tenants.has(spec.id)) throw new KeeperError('launch_failed', `VPS ${spec.id} is there already`)
      try {
        const now = means.view.generation()
        const { pid, pty, viewed } = await launchWithView(means, spec)
        means.descriptors.store(consoleName(spec.id), pty.master)
        if (spec.quota) showMounts(means, spec.id, pid)
        keep({
          id: spec.id,
          pid,
          bundle: spec.bundle,
          base: spec.idMap.base,
          cgroup: spec.cgroup,
          console: openConsole(pty),
          state: 'created',
          view: viewed ? now : null,
        })
        return { pid }
      } catch (error) {
        await discard(spec.id)
        throw error
      }
    },
    async begin(id) {
      const tenant = living(id)
      const now = means.view.generation()
      // Otherwise it is shown when one serves again, as to all that run.
      if (now !== null && now !== tenant.view) means.view.show(tenant.pid)
      const log = join(tenant.bundle, 'start.log')
      writeFileSync(log, '')
      const { code } = await endInTime(means.mounts.inNamespace(means.runtimeMounts, () => means.runtime.start(id, log)))
      if (code !== 0) throw new KeeperError('start_failed', lastLogMessage(log) || `crun start ended with ${code}`)
      tenant.state = 'running'
    },
    async configureNetwork(id, steps) {
      const { pid } = living(id)
      await means.configureNetwork(pid, steps).catch((error: unknown) => {
        throw new KeeperError('network_failed', `the network of VPS ${id}: ${(error as Error).message}`, error)
      })
    },
    placeFiles(id, files) {
      const tenant = living(id)
      using root = means.openRoot(`/proc/${tenant.pid}/root`)
      for (const file of files) {
        try {
          root.write(file.path, file.contents, file.mode, tenant.base)
        } catch (error) {
          // A file of the tenant's is no reason to refuse what the administrator wants.
          means.log(`VPS ${id}: ${file.path} could not be written: ${(error as Error).message}`)
        }
      }
    },
    signal(id, signal) {
      const tenant = tenants.get(id)
      return tenant !== undefined && !tenant.report && means.kill(tenant.pid, signalNumber(signal))
    },
    discard,
    list: () => [...tenants.values()].filter((tenant) => !tenant.report).map(({ id, pid, state }) => ({ id, pid, state })),
    reports: () => [...tenants.values()].map((tenant) => tenant.report).filter((report) => report !== null),
    onExit(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    async exec(id, request, sink) {
      const tenant = living(id)
      const signal = (pid: number, name: string): void => void means.kill(pid, signalNumber(name))
      const target = { ...tenant, ending: () => ending(tenant) }
      // What goes wrong while init ends is only how that shows.
      const explain = (error: unknown): never => {
        throw ending(tenant) ? notRunning(id, error) : error
      }
      const session = await execute({ ...means, signal }, target, request, sink).catch(explain)
      return { ...session, ended: session.ended.catch(explain) }
    },
    console(id, size, output) {
      const tenant = living(id)
      if (size) tenant.console.resize(size.cols, size.rows)
      let paused = false
      const attached = tenant.console.attach((chunk) => {
        // A viewer that does not keep up loses output; the VPS and other viewers do not wait for it.
        if (!paused) output(chunk)
      })
      return {
        write: (chunk) => tenant.console.write(chunk),
        end: () => undefined,
        resize: (cols, rows) => tenant.console.resize(cols, rows),
        pause: () => void (paused = true),
        resume: () => void (paused = false),
        close: () => attached[Symbol.dispose](),
        ended: tenant.gone.promise,
      }
    },
    consoleLog(id) {
      const tenant = tenants.get(id)
      if (!tenant) throw new KeeperError('no_such_vps', `VPS ${id} is not running; its console is empty`)
      return tenant.console.scrollback()
    },
    inits: () => [...tenants.values()].filter((tenant) => !tenant.report).map((tenant) => tenant.pid),
    [Symbol.dispose]() {
      for (const { console } of tenants.values()) console[Symbol.dispose]()
      tenants.clear()
      listeners.clear()
    },
  }
}

/** A lxcfs that has just died must not keep a VPS from its start: without its files then, which are shown before init begins, or later. */
async function launchWithView(means: KeepMeans, spec: LaunchSpec): Promise<Launched & { readonly viewed: boolean }> {
  const files = (source: unknown): boolean => typeof source === 'string' && source.startsWith(`${means.view.mountPoint}/`)
  const config = spec.config as { readonly mounts?: readonly { readonly source?: unknown }[] }
  const others = config.mounts?.filter(({ source }) => !files(source)) ?? []
  const viewed = others.length < (config.mounts?.length ?? 0)
  try {
    return { ...(await launch(means, spec)), viewed }
  } catch (error) {
    if (!(error as Error).message.includes(means.view.mountPoint) || !viewed) throw error
    means.log(`VPS ${spec.id}: it is launched without lxcfs's files: ${(error as Error).message}`)
    await endInTime(means.mounts.inNamespace(means.runtimeMounts, () => means.runtime.remove(spec.id)))
    means.runtime.forget(spec.id)
    return { ...(await launch(means, { ...spec, config: { ...config, mounts: others } })), viewed: false }
  }
}

/** Gives a running VPS a new console in place of one whose pty died with the keeper that held it. */
function replaceConsole(means: KeepMeans, pid: number, pty: Pty): void {
  try {
    using clone = means.mounts.clone(pty.path)
    using namespace = means.mounts.namespaceOf(pid)
    means.mounts.inNamespace(namespace, (calls) => {
      while (calls.detach('/dev/console')) continue
      calls.attach(clone, '/dev/console')
    })
  } catch (error) {
    means.log(`the console of the VPS with init ${pid} could not be renewed: ${(error as Error).message}`)
  }
}

const notRunning = (id: string, cause?: unknown): KeeperError => new KeeperError('no_such_vps', `VPS ${id} is not running`, cause)

const consoleName = (id: string): string => `console-${id}`

/** reboot(2) in a pid namespace ends its init with SIGHUP (restart) or SIGINT (halt, power off). */
function requestOf(end: ProcessEnd): ExitReport['request'] {
  if (end.signal === constants.signals.SIGHUP) return 'reboot'
  return end.signal === constants.signals.SIGINT ? 'poweroff' : null
}

const timeout = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
