/** The real keeper on a pretended machine, behind its real socket: insulad talks to it as it does on a node. */

import { mkdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import {
  type FakeMachine,
  type FakeProcess,
  type FakePrograms,
  fakeConfigureNetwork,
  fakeConfinedRoots,
  fakeDescriptorStore,
  fakeExitWatch,
  fakeGiveDescriptor,
  type FakeLxcfs,
  fakeLxcfs,
  fakePrivateMounts,
  fakeRuntime,
  fakeServedFile,
  fakeUserNamespaces,
  type HowItEnds,
  type NetworkTable,
} from '@insula/kernel/fakes'
import type { LxcfsProcess } from '@insula/kernel'
import type { Instance } from '@insula/node'
import { type Keep, keepProcView, openKeep, serveKeeper } from '@insula/node/daemon'

export interface SimKeeper extends AsyncDisposable {
  /** Inits of all VPSs that were launched and not discarded. */
  readonly launched: ReadonlyMap<string, FakeProcess>
  /** Its network namespace. */
  network(id: string): NetworkTable | undefined
  /** Contents of a file inside. */
  file(id: string, path: string): string | undefined
  /** Its init ends by itself. */
  end(id: string, how: HowItEnds): void
  /** What the keeper that runs now says of itself. */
  readonly keep: Keep
  readonly lxcfs: FakeLxcfs
  /** Ends as by SIGKILL; the next one finds what is left, and the consoles if their keeping did not end too. */
  restart(consoles?: 'kept' | 'lost'): Promise<void>
}

export async function openSimKeeper(machine: FakeMachine, instance: Instance, programs: FakePrograms): Promise<SimKeeper> {
  mkdirSync(instance.run, { recursive: true })
  const lxcfs = fakeLxcfs({ machine })
  let served: LxcfsProcess | null = null
  const runtime = fakeRuntime(machine, programs)
  const store = fakeDescriptorStore()
  const mounts = fakePrivateMounts(machine)
  /** VPSs whose /proc/mounts is served. */
  const shown = new Set<string>()
  const run = async () => {
    const exits = fakeExitWatch(machine)
    const inherited = new Map([...store.inherit()].map(([name, fd]) => [name.replace('console-', ''), fd]))
    const view = keepProcView({
      lxcfs: { ...lxcfs, start: async (...place) => (served = await lxcfs.start(...place)) },
      mounts,
      mountPoint: instance.lxcfs,
      pidFile: instance.lxcfsPidFile,
      adopt: async () => (lxcfs.alive(instance.lxcfs) ? served : null),
      kill: lxcfs.crash,
      viewers: () => keep.inits(),
      log: () => undefined,
    })
    const keep = openKeep(
      {
        cgroups: machine.cgroups,
        mounts,
        runtime,
        userNamespaces: fakeUserNamespaces(machine),
        exits,
        kill: (pid, signal) => machine.kill(pid, signal),
        runtimeMounts: mounts.keepPrivateCopy((calls) => calls.fileSystem('cgroup2', '/sys/fs/cgroup')),
        openRoot: fakeConfinedRoots(machine),
        configureNetwork: fakeConfigureNetwork(machine),
        give: fakeGiveDescriptor(machine),
        listenerSocket: instance.listenerSocket,
        scratch: instance.scratch,
        bundles: instance.bundles,
        descriptors: store,
        view: { ...view, mountPoint: instance.lxcfs },
        makeServedFile: fakeServedFile(machine, mounts),
        serve: ({ id }) => void shown.add(id),
        isServed: (id) => shown.has(id),
        log: () => undefined,
      },
      inherited,
    )
    const health = () => Promise.resolve({ pid: process.pid, lxcfs: view.health() })
    const server = await serveKeeper(instance.keeperSocket, { keep, health, log: () => undefined })
    const connections = new Set<Socket>()
    server.on('connection', (socket) => connections.add(socket))
    const end = (): void => {
      server.close()
      for (const socket of connections) socket.destroy()
      exits[Symbol.dispose]()
      keep[Symbol.dispose]()
    }
    return { keep, view, end }
  }
  let current = await run()
  return {
    get launched() {
      return runtime.inits
    },
    get keep() {
      return current.keep
    },
    lxcfs,
    network: (id) => runtime.inits.get(id)?.network,
    file: (id, path) => runtime.inits.get(id)?.mounts.get(path)?.contents,
    end: (id, how) => machine.end(runtime.inits.get(id)?.pid ?? 0, how),
    async restart(consoles = 'kept') {
      current.end()
      if (consoles === 'lost') store[Symbol.dispose]()
      current = await run()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...runtime.inits.keys()].map((id) => current.keep.discard(id)))
      await current.view.stop()
      current.end()
      store[Symbol.dispose]()
    },
  }
}
