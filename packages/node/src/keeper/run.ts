/** The keeper's composition root: real drivers, what was inherited, and a quiet end. */

import { closeSync, mkdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import {
  becomeSubreaper,
  type Cgroups,
  continueCall,
  type ExitWatch,
  inheritedDescriptors,
  type Lxcfs,
  type LxcfsProcess,
  makeServedFile,
  type MountNamespace,
  newCallRecord,
  openConfinedRoot,
  openDescriptorStore,
  openPipe,
  type PrivateMounts,
  readCallRecord,
  realCgroups,
  realConfigureNetwork,
  realGiveDescriptor,
  realLxcfs,
  realPrivateMounts,
  realRuntime,
  realUserNamespaces,
  reapStrays,
  realExitWatch,
  receiveListeners,
  startAttached,
} from '@insula/kernel'
import type { Instance } from '../instance.ts'
import type { Source } from '../listener/wire.ts'
import { ENVIRONMENT, NODE } from '../supervisor/children.ts'
import { pipeSink, pipeSource } from './byte-stream.ts'
import { openKeep } from './keep.ts'
import { showPureV2 } from './launch.ts'
import { type ListenerChild, type Listening, openListening } from './listening.ts'
import { ANSWER_MS, keepProcView } from './proc-view.ts'
import { serveKeeper } from './server.ts'
import { mountPointsOf } from '../volumes/list-file.ts'

/** Runs until SIGTERM. VPSs, their consoles and lxcfs's files live on for the next keeper, unless SIGUSR1 asked to stop lxcfs too. */
export async function runKeeper(instance: Instance): Promise<void> {
  const log = (message: string): void => void process.stderr.write(`${new Date().toISOString()} ${message}\n`)
  process.title = `insula-keeper ${instance.name}`
  for (const directory of [instance.run, instance.runtime]) mkdirSync(directory, { recursive: true })
  becomeSubreaper()
  using _strays = reapStrays()
  const mounts = realPrivateMounts()
  const cgroups = realCgroups()
  const exits = realExitWatch()
  const lxcfs = realLxcfs()
  const view = keepProcView({
    lxcfs,
    mounts,
    mountPoint: instance.lxcfs,
    pidFile: instance.lxcfsPidFile,
    adopt: () => adoptLxcfs(lxcfs, instance, exits),
    kill: (pid) => void kill(pid, constants.signals.SIGKILL),
    // It is asked later, when there is a keep.
    viewers: () => keep.inits(),
    log,
  })
  const inherited = inheritedDescriptors()
  const descriptors = openDescriptorStore()
  const listeningTo = (kind: Source['kind']): Listening =>
    openListening(
      {
        descriptors,
        start: (record) => startListener(instance, kind, record),
        newRecord: newCallRecord,
        readRecord: readCallRecord,
        continueCall,
        kill: (pid) => void kill(pid, constants.signals.SIGKILL),
        sleepOf,
        log,
      },
      inherited,
      kind,
    )
  const [calls, mountTables] = [listeningTo('calls'), listeningTo('mounts')]
  using handed = receiveListeners(instance.listenerSocket, (listener) => calls.add(listener), log)
  await handed.ready
  const keep = openKeep(
    {
      cgroups,
      mounts,
      runtime: realRuntime(instance.runtime),
      userNamespaces: realUserNamespaces(),
      openRoot: openConfinedRoot,
      configureNetwork: realConfigureNetwork,
      give: realGiveDescriptor,
      listenerSocket: instance.listenerSocket,
      exits,
      kill,
      runtimeMounts: mountsForTheRuntime(mounts, cgroups, instance),
      scratch: instance.scratch,
      bundles: instance.bundles,
      descriptors,
      view: { ...view, mountPoint: instance.lxcfs },
      makeServedFile,
      serve: (connection) => mountTables.add(connection),
      isServed: (id) => mountTables.has(id),
      log,
    },
    consolesAmong(inherited),
  )
  const server = await serveKeeper(instance.keeperSocket, {
    keep,
    log,
    health: () => Promise.resolve({ pid: process.pid, lxcfs: view.health() }),
  })
  log(`insula-keeper serves instance ${instance.name}; ${keep.list().length} VPSs adopted`)
  const stopped = Promise.withResolvers<{ lxcfs: boolean }>()
  process.once('SIGTERM', () => stopped.resolve({ lxcfs: false }))
  process.once('SIGINT', () => stopped.resolve({ lxcfs: false }))
  process.once('SIGUSR1', () => stopped.resolve({ lxcfs: true }))
  const stop = await stopped.promise
  server.close()
  if (stop.lxcfs) await view.stop()
  for (const listening of [calls, mountTables]) listening[Symbol.dispose]()
  keep[Symbol.dispose]()
  process.exit(0)
}

/** lxcfs outlives its keeper; the next one goes on with it. */
async function adoptLxcfs(lxcfs: Lxcfs, instance: Instance, exits: ExitWatch): Promise<LxcfsProcess | null> {
  try {
    const pid = Number(readFileSync(instance.lxcfsPidFile, 'utf8'))
    if (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'lxcfs\n') return null
    if (!(await lxcfs.responds(instance.lxcfs, ANSWER_MS))) {
      kill(pid, constants.signals.SIGKILL)
      return null
    }
    return { pid, ended: new Promise((resolve) => exits.watch(pid, () => resolve())) }
  } catch {
    return null
  }
}

const CONSOLE = /^console-(.+)$/

function consolesAmong(descriptors: ReadonlyMap<string, number>): Map<string, number> {
  const consoles = new Map<string, number>()
  for (const [name, fd] of descriptors) {
    const id = CONSOLE.exec(name)?.[1]
    if (id !== undefined) consoles.set(id, fd)
  }
  return consoles
}

/**
 * Where the OCI runtime finds a pure v2 host. It must not keep the node's volume or lxcfs's mount alive, which the copy would: what is
 * mounted below this instance's directories is dropped from it.
 */
function mountsForTheRuntime(mounts: PrivateMounts, cgroups: Cgroups, instance: Instance): MountNamespace {
  return mounts.keepPrivateCopy((calls) => {
    const own = readFileSync('/proc/thread-self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4] ?? '')
      .filter((target) =>
        [instance.volume, mountPointsOf(instance), instance.run].some((directory) => `${target}/`.startsWith(`${directory}/`)),
      )
    for (const target of own.toReversed()) calls.detach(target)
    showPureV2(calls, cgroups)
  })
}

function startListener(instance: Instance, kind: Source['kind'], record: number): ListenerChild {
  const [orders, reports] = [openPipe(), openPipe()]
  const program = join(import.meta.dirname, '../insula-listener.ts')
  const child = startAttached([...NODE, program, '--instance', instance.name, '--keeper', `${process.pid}`, '--serve', kind], {
    descriptors: [orders.read, reports.write, 2, record],
    env: ENVIRONMENT,
  })
  for (const end of [orders.read, reports.write]) closeSync(end)
  const sink = pipeSink(orders.write)
  return {
    process: child,
    write: (bytes) => void sink.write(bytes),
    onReport: (listener) => void pipeSource(reports.read, listener),
  }
}

/** proc_pid_stat(5), field 3. */
/** Its state, and the sleep that it is in: one that has slept anew has been at work in between. proc_pid_status(5) */
function sleepOf(pid: number): string | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const [, state = ''] = /^State:\s+(\S)/m.exec(status) ?? []
    if (!'SD'.includes(state)) return null
    return /^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? null
  } catch {
    return null
  }
}

function kill(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
