/**
 * A pretended machine that outlives its daemons, and daemons that run on it: the real insulad and the real keeper
 * over fakes, spoken to over their unix sockets.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Client, createClient } from '@insula/contract/client'
import type { QuotaKind } from '@insula/kernel'
import type { Config, Instance } from '@insula/node'
import { instanceOf } from '@insula/node'
import { areaView, connectKeeper, type KeeperClient, type NodeDaemon, openNode } from '@insula/node/daemon'
import {
  type FakeCgroups,
  fakeConfinedRoots,
  type FakeHostMounts,
  fakeHostMounts,
  fakeHostProbe,
  type FakeLinks,
  fakeLinks,
  type FakeMachine,
  fakeMachine,
  type FakePacketFilter,
  fakePacketFilter,
  fakePrivateMounts,
  fakeQuota,
  type FakeProgram,
  fakeUserNamespaces,
  fakeVolumes,
} from '@insula/kernel/fakes'
import { fakeTemplates } from './fakes/templates.ts'
import { type FakeVzfs, fakeVzfs } from './fakes/vzfs.ts'
import { type Gate, openGate } from './gate.ts'
import { send, transportTo } from './http.ts'
import { openSimKeeper, type SimKeeper } from './keeper.ts'
import { type FakeInit, programsOf } from './programs.ts'

export interface World extends AsyncDisposable {
  readonly instance: Instance
  readonly machine: FakeMachine
  readonly cgroups: FakeCgroups
  readonly keeper: SimKeeper
  readonly links: FakeLinks
  readonly filter: FakePacketFilter
  /** How often its table was replaced. */
  replacements(): number
  readonly vzfs: FakeVzfs
  readonly hostMounts: FakeHostMounts
  /** Behaviour of inits from now on, by VPS id. */
  readonly inits: Map<string, FakeInit>
  boot(bootId?: string): Promise<SimNode>
  /** What a VPS leaves or should leave on the machine: ids by kind of object. */
  traces(): Traces
}

export interface Traces {
  readonly areas: string[]
  readonly cgroups: string[]
  readonly links: string[]
  readonly inits: string[]
  readonly filtered: string[]
}

export interface SimNode {
  readonly client: Client<never>
  readonly gate: Gate
  readonly daemon: NodeDaemon
  /** Since when Insula was up when this daemon began. */
  readonly bootId: string
  readonly send: (method: string, path: string, body?: unknown) => ReturnType<typeof send>
  /** As SIGTERM. */
  stop(): Promise<void>
  /** As SIGKILL. */
  kill(): void
}

export interface WorldOptions {
  readonly config?: Config
  readonly commands?: Readonly<Record<string, FakeProgram>>
  readonly templates?: readonly string[]
  /** Of a daemon that one started. */
  readonly supervisor?: 'runs' | 'gone'
  /** What every template's init is; busybox when absent. */
  readonly inits?: 'busybox' | 'systemd'
  /** Kinds of quota that its volume enforces; all when absent. */
  readonly quota?: readonly QuotaKind[]
  /** Whether its volume is full, as of now. */
  readonly full?: () => boolean
  /** Whether its volume shares blocks between files; it does when absent. */
  readonly reflink?: boolean
}

export const POOL = '10.77.0.0/24'

export async function openWorld({
  config = { addressPool: POOL },
  commands = {},
  templates = ['micro'],
  supervisor = 'runs',
  inits: kind = 'busybox',
  quota,
  full = () => false,
  reflink = true,
}: WorldOptions = {}): Promise<World> {
  // In memory where there is such a place: nothing here has to outlive the machine, and the database waits for the disk.
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'insula-sim-'))
  const instance = instanceIn(directory)
  const inits = new Map<string, FakeInit>()
  const machine = fakeMachine()
  const { cgroups } = machine
  const keeper = await openSimKeeper(machine, instance, programsOf(inits, commands))
  const links = fakeLinks({
    networkOf: (pid) => machine.processes.get(pid)?.network,
    uplink: { device: 'uplink0', mtu: 1400, gateway: '198.51.100.1' },
  })
  let replacements = 0
  const tables = fakePacketFilter()
  const filter: FakePacketFilter = {
    ...tables,
    replaceTable(family, name, body) {
      replacements += 1
      return tables.replaceTable(family, name, body)
    },
  }
  const vzfs = fakeVzfs(instance.volume, machine, fakeQuota(quota && { kinds: quota }), { reflink, full })
  const hostMounts = fakeHostMounts(machine)
  const shelf = fakeTemplates(vzfs, kind)
  const signal = new AbortController().signal
  for (const name of templates) await shelf.build(name, { mirror: undefined, signal, onProgress: () => undefined })

  const nodes: SimNode[] = []
  const connections: KeeperClient[] = []
  const boot = async (bootId = 'first'): Promise<SimNode> => {
    // What a daemon that was killed had given to its database is written, as if it had been before its end.
    await nextTurn()
    const gate = openGate()
    const areas = gate.wrap('areas', vzfs.areas)
    const { clone } = gate.wrap('vzfs', { clone: vzfs.clone })
    const connection = connectKeeper(instance.keeperSocket)
    connections.push(connection)
    const daemon = await openNode(
      instance,
      config,
      {
        keeper: gate.wrap('keeper', connection),
        cgroups: gate.wrap('cgroups', cgroups),
        links: gate.wrap('links', links),
        filter: gate.wrap('filter', filter),
        volumes: fakeVolumes([instance.volume], { full }),
        probe: fakeHostProbe({}, {}, (pid) => machine.processes.get(pid)?.bornAt ?? null),
        vzfs: { ...vzfs, areas, snapshots: gate.wrap('snapshots', vzfs.snapshots), clone },
        hostMounts: {
          ...hostMounts,
          mount(overlay, ids, wish) {
            // Its place is a directory of the machine below; here it has to appear first.
            machine.makeDirectory(wish.target)
            return hostMounts.mount(overlay, ids, wish)
          },
        },
        areaView: areaView({
          mounts: fakePrivateMounts(machine),
          userNamespaces: fakeUserNamespaces(machine),
          openRoot: fakeConfinedRoots(machine),
        }),
        templates: shelf,
        upSince: bootId,
        supervisorIsGone: () => supervisor === 'gone',
        resolvers: ['192.0.2.53'],
      },
      () => undefined,
    )
    let open = true
    const node: SimNode = {
      daemon,
      bootId,
      gate,
      client: createClient<never>(transportTo(instance.apiSocket)),
      send: (method, path, body) => send(instance.apiSocket, method, path, body),
      async stop() {
        if (open) await daemon[Symbol.asyncDispose]()
        open = false
      },
      kill: () => gate.close(),
    }
    nodes.push(node)
    return node
  }

  return {
    instance,
    machine,
    cgroups,
    keeper,
    links,
    filter,
    replacements: () => replacements,
    vzfs,
    hostMounts,
    inits,
    boot,
    traces: () => ({
      areas: [...vzfs.records.keys()].map(String).toSorted(),
      cgroups: [...cgroups.groups.keys()].flatMap((path) => /^[^/]+\/(\d+)$/.exec(path)?.[1] ?? []).toSorted(),
      links: [...links.pairs.keys()].map((name) => name.split('.')[1] ?? '').toSorted(),
      inits: [...keeper.launched.keys()].toSorted(),
      filtered: [
        ...new Set(
          [...(filter.bodies.get(`inet ${instance.filterTable}`) ?? '').matchAll(/"[^".]+\.(\d+)"/g)].map(([, id = '']) => id),
        ),
      ].toSorted(),
    }),
    async [Symbol.asyncDispose]() {
      for (const { gate } of nodes) {
        gate.close()
        gate.release()
      }
      await Promise.all(nodes.map((node) => node.stop()))
      await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()))
      await keeper[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    },
  }
}

function instanceIn(directory: string): Instance {
  const run = join(directory, 'run')
  return {
    ...instanceOf('sim'),
    state: directory,
    database: join(directory, 'state.db'),
    volume: join(directory, 'volume'),
    run,
    apiSocket: join(run, 'api.sock'),
    keeperSocket: join(run, 'keeper.sock'),
    definitions: join(directory, 'templates'),
    listenerSocket: join(run, 'listener.sock'),
    scratch: join(run, 'exec'),
    bundles: join(run, 'bundles'),
    lxcfs: join(run, 'lxcfs'),
    lxcfsPidFile: join(run, 'lxcfs.pid'),
    configFile: join(directory, 'config.json'),
  }
}
