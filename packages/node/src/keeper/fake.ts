/**
 * A keeper in memory, for tests of the daemon without a kernel. It keeps the promises of keeper.ts: init waits for `begin`, `launch` needs the
 * cgroup, an end is kept until `discard`, SIGKILL always works and other signals only if init obeys and is not frozen.
 */

import { KeeperError } from './errors.ts'
import type { ExecEnd, ExecRequest, ExecSession, ExitReport, Keeper, LaunchSpec, OutputSink } from './keeper.ts'

/** What the keeper needs of cgroups: that processes are in them. */
export interface FakeProcessGroups {
  add(path: string, pid: number): void
  end(pid: number): void
  frozen(path: string): Promise<boolean>
}

export interface FakeInit {
  /** Written to the console when it begins. */
  readonly says?: string
  /** It is not there at all. */
  readonly missing?: boolean
  /** It ends by itself as soon as it begins. */
  readonly endsAtOnce?: { readonly code: number }
  /** Acts on no signal but SIGKILL. */
  readonly stubborn?: boolean
}

/** Runs inside. `stdin` resolves at its end; `ready` when output is wanted: a command that does not wait for it ignores backpressure. */
export type FakeCommand = (call: {
  readonly request: ExecRequest
  readonly sink: OutputSink
  readonly stdin: Promise<Buffer>
  readonly ready: () => Promise<void>
}) => Promise<ExecEnd>

export interface FakeKeeperOptions {
  readonly groups: FakeProcessGroups
  /** Of a VPS's init; an ordinary one when absent. */
  readonly init?: (id: string) => FakeInit
  /** By argv[0], besides true, false, echo and cat. */
  readonly commands?: Readonly<Record<string, FakeCommand>>
}

export interface FakeKeeper extends Keeper {
  /** What it was told at the last launch of each VPS that is there. */
  readonly launched: ReadonlyMap<string, LaunchSpec>
  /** Every line that `configureNetwork` ran inside, in order. */
  network(id: string): readonly string[]
  /** Contents of files placed inside. */
  file(id: string, path: string): string | undefined
  /** Init ends by itself. */
  end(id: string, how?: Partial<Omit<ExitReport, 'id'>>): void
  /** All that is due to processes that are not frozen any more. */
  thawed(cgroup: string): void
  /** A process was killed by somebody else. */
  killed(pid: number): void
}

interface Tenant {
  readonly spec: LaunchSpec
  readonly pid: number
  state: 'created' | 'running'
  report: ExitReport | null
  readonly lines: string[]
  readonly files: Map<string, string>
  readonly pending: string[]
  readonly gone: PromiseWithResolvers<void>
  readonly watchers: Set<(chunk: Buffer) => void>
  console: Buffer
}

const FIRST_PID = 50_000

export function fakeKeeper({ groups, init = () => ({}), commands = {} }: FakeKeeperOptions): FakeKeeper {
  const tenants = new Map<string, Tenant>()
  const listeners = new Set<(report: ExitReport) => void>()
  let lastPid = FIRST_PID

  const living = (id: string): Tenant => {
    const tenant = tenants.get(id)
    if (!tenant || tenant.report) throw new KeeperError('no_such_vps', `VPS ${id} is not running`)
    return tenant
  }
  const end = (id: string, how: Partial<Omit<ExitReport, 'id'>> = {}): void => {
    const tenant = living(id)
    tenant.report = { id, code: 0, signal: null, request: null, at: Date.now(), ...how }
    groups.end(tenant.pid)
    tenant.gone.resolve()
    for (const listener of listeners) listener(tenant.report)
  }
  const deliver = (id: string, signal: string): void => {
    if (signal === 'SIGKILL') end(id, { code: null, signal })
    else if (init(id).stubborn !== true) end(id, { code: null, signal: 'SIGINT', request: 'poweroff' })
  }
  const show = (tenant: Tenant, text: string): void => {
    const chunk = Buffer.from(text)
    tenant.console = Buffer.concat([tenant.console, chunk])
    for (const watcher of tenant.watchers) watcher(chunk)
  }
  const place = (tenant: Tenant, files: LaunchSpec['files']): void => {
    for (const { path, contents } of files) tenant.files.set(path, contents)
  }

  return {
    get launched() {
      return new Map([...tenants].map(([id, { spec }]) => [id, spec]))
    },
    network: (id) => tenants.get(id)?.lines ?? [],
    file: (id, path) => tenants.get(id)?.files.get(path),
    end,
    thawed(cgroup) {
      for (const [id, { spec, report, pending }] of tenants) {
        if (spec.cgroup !== cgroup || report) continue
        for (const signal of pending.splice(0)) if (!tenants.get(id)?.report) deliver(id, signal)
      }
    },
    killed(pid) {
      for (const [id, tenant] of tenants) if (tenant.pid === pid && !tenant.report) end(id, { code: null, signal: 'SIGKILL' })
    },

    async launch(spec) {
      if (tenants.has(spec.id)) throw new KeeperError('launch_failed', `VPS ${spec.id} is there already`)
      const pid = (lastPid += 1)
      groups.add(spec.cgroup, pid)
      const tenant: Tenant = {
        // As over the socket: what cannot be said in JSON does not arrive.
        spec: JSON.parse(JSON.stringify(spec)) as LaunchSpec,
        pid,
        state: 'created',
        report: null,
        lines: [],
        files: new Map(),
        pending: [],
        gone: Promise.withResolvers(),
        watchers: new Set(),
        console: Buffer.alloc(0),
      }
      place(tenant, spec.files)
      tenants.set(spec.id, tenant)
      return { pid }
    },
    configureNetwork: async (id, lines) => void living(id).lines.push(...lines),
    placeFiles: async (id, files) => place(living(id), files),
    async begin(id) {
      const tenant = living(id)
      const { missing, says, endsAtOnce } = init(id)
      if (missing === true) {
        end(id, { code: 1 })
        throw new KeeperError('start_failed', 'executable file `/sbin/init` not found in $PATH: No such file or directory')
      }
      tenant.state = 'running'
      if (says !== undefined) show(tenant, says)
      if (endsAtOnce) queueMicrotask(() => end(id, endsAtOnce))
    },
    async signal(id, signal) {
      const tenant = tenants.get(id)
      if (!tenant || tenant.report) return false
      if (signal !== 'SIGKILL' && (await groups.frozen(tenant.spec.cgroup))) tenant.pending.push(signal)
      else deliver(id, signal)
      return true
    },
    async discard(id) {
      const tenant = tenants.get(id)
      if (!tenant) return
      if (!tenant.report) end(id, { code: null, signal: 'SIGKILL' })
      tenants.delete(id)
    },
    list: async () =>
      [...tenants].filter(([, { report }]) => report === null).map(([id, { pid, state }]) => ({ id, pid, state })),
    onExit(listener) {
      listeners.add(listener)
      for (const { report } of tenants.values()) if (report) listener(report)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    async exec(id, request, sink) {
      const tenant = living(id)
      const command = commands[request.argv[0] ?? ''] ?? COMMANDS[request.argv[0] ?? '']
      if (!command) throw new KeeperError('exec_not_found', `${request.argv[0]}: not found`)
      const input: Uint8Array[] = []
      const stdin = Promise.withResolvers<Buffer>()
      let held: PromiseWithResolvers<void> | null = null
      const ready = async (): Promise<void> => held?.promise
      const killed = tenant.gone.promise.then((): ExecEnd => ({ signal: 'SIGKILL', number: 9 }))
      const session: ExecSession = {
        write: async (chunk) => void input.push(Buffer.from(chunk)),
        end: () => stdin.resolve(Buffer.concat(input)),
        resize: () => undefined,
        pause: () => void (held ??= Promise.withResolvers()),
        resume() {
          held?.resolve()
          held = null
        },
        close: () => stdin.resolve(Buffer.concat(input)),
        signal: () => undefined,
        ended: Promise.race([killed, Promise.resolve().then(() => command({ request, sink, stdin: stdin.promise, ready }))]),
      }
      return session
    },
    async console(id, _size, output) {
      const tenant = living(id)
      if (tenant.console.length > 0) output(tenant.console)
      tenant.watchers.add(output)
      return {
        // What is typed is echoed, as a terminal does.
        write: async (chunk) => show(tenant, Buffer.from(chunk).toString()),
        end: () => undefined,
        resize: () => undefined,
        pause: () => undefined,
        resume: () => undefined,
        close: () => void tenant.watchers.delete(output),
        ended: tenant.gone.promise,
      }
    },
    async consoleLog(id) {
      const tenant = tenants.get(id)
      if (!tenant) throw new KeeperError('no_such_vps', `VPS ${id} is not running; its console is empty`)
      return tenant.console
    },
    health: async () => ({
      pid: FIRST_PID,
      lxcfs: { pid: FIRST_PID, restarts: 0, healthy: true, files: ['proc/meminfo', 'proc/cpuinfo'] },
    }),
  }
}

const COMMANDS: Readonly<Record<string, FakeCommand>> = {
  true: async () => ({ code: 0 }),
  false: async () => ({ code: 1 }),
  echo: async ({ request, sink }) => {
    sink.stdout(Buffer.from(`${request.argv.slice(1).join(' ')}\n`))
    return { code: 0 }
  },
  cat: async ({ stdin, sink }) => {
    sink.stdout(await stdin)
    return { code: 0 }
  },
}
