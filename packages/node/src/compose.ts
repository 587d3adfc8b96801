/** The composition root of insulad: the one place that makes real drivers and ties everything together. */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import {
  type Cgroups,
  confinedRunner,
  type HostMounts,
  type HostProbe,
  type Links,
  type PacketFilter,
  realCgroups,
  realFileCalls,
  realHostMounts,
  realHostProbe,
  realLinks,
  realPacketFilter,
  realPrivateMounts,
  realProcessRunner,
  realUserNamespaces,
  realVolumes,
  type Volumes,
  realQuota,
} from '@insula/kernel'
import { FIRST_VOLUME } from '@insula/contract'
import { shippedDefinitions } from '@insula/templates'
import { type JoinedVzfs, joinVolumes, openVzfs, type Vzfs } from '@insula/vzfs'
import { join } from 'node:path'
import type { AppShelf } from './apps/app-shelf.ts'
import { appShelf } from './apps/apps-on-vzfs.ts'
import { openConfigurator } from './apps/configurator.ts'
import { openSecrets } from './apps/secrets.ts'
import { type AreaView, areaView } from './area-view.ts'
import { serveApi } from './api/server.ts'
import { startOnBoot } from './boot.ts'
import { openVzfsBoard } from './care/board.ts'
import { openLastCheck } from './care/last-check.ts'
import { openWarming } from './care/warm.ts'
import type { Config } from './config.ts'
import { openDefinitions } from './definitions/shelf.ts'
import { openEvents } from './events.ts'
import type { Instance } from './instance.ts'
import { openInventory } from './inventory.ts'
import { connectKeeper } from './keeper/client.ts'
import type { Keeper } from './keeper/keeper.ts'
import { openExitBook } from './life/exit-book.ts'
import { closedPool } from './life/closed-pool.ts'
import { openFirewall } from './life/firewall.ts'
import { openMountBook } from './life/mounted.ts'
import { ID_RANGE_SIZE } from './life/parts.ts'
import { openRelinks } from './life/relink.ts'
import { linkName } from './life/network.ts'
import { handleUnexpectedExit } from './life/unexpected-exit.ts'
import type { Means } from './means.ts'
import { openLostAreas } from './lost-areas.ts'
import { continueTasks } from './continue-tasks.ts'
import { reconcile } from './reconcile.ts'
import { openRelinkClock } from './relink-clock.ts'
import { requireOwnVolume } from './own-volume.ts'
import { openSnapshotClock } from './snapshot-clock.ts'
import { openUpdateClock } from './updates/clock.ts'
import { openStacks } from './stacks/stacks.ts'
import { openStrays } from './strays.ts'
import { openStore } from './store/open.ts'
import { openTasks } from './tasks/engine.ts'
import type { TemplateShelf } from './template-shelf.ts'
import { MARK } from './supervisor/adoption.ts'
import { supervisorPid } from './supervisor/supervisor-pid.ts'
import { templateShelf } from './templates-on-vzfs.ts'
import { markUp } from './up-since.ts'
import { openUsageBoard } from './usage.ts'
import { openVolumeBook } from './volumes/book.ts'

/** Everything below the daemon that a test replaces by fakes. */
export interface Drivers {
  readonly keeper: Keeper
  readonly cgroups: Cgroups
  readonly links: Links
  readonly filter: PacketFilter
  readonly volumes: Volumes
  readonly probe: HostProbe
  /** The first volume. */
  readonly vzfs: Vzfs
  /** Another one. */
  readonly openVolume: (path: string) => Promise<Vzfs>
  readonly areaView: AreaView
  readonly hostMounts: HostMounts
  readonly templates: (vzfs: JoinedVzfs) => TemplateShelf
  readonly apps: (vzfs: JoinedVzfs) => AppShelf
  /** Another word each time that Insula comes up. */
  readonly upSince: string
  /** What should start this daemon again is not there any more. */
  readonly supervisorIsGone: () => boolean
  readonly resolvers: readonly string[]
}

export interface NodeDaemon extends AsyncDisposable {
  readonly means: Means
}

export async function realDrivers(instance: Instance, config: Config, log: Means['log']): Promise<Drivers> {
  const runner = realProcessRunner()
  const mounts = realPrivateMounts()
  const volumes = realVolumes({ runner, mounts, userNamespaces: realUserNamespaces() })
  await requireOwnVolume(instance, config, (path) => volumes.mounted(path))
  const openVolume = (path: string): Promise<Vzfs> => openVzfs(path, { files: realFileCalls(), quota: realQuota, warn: log })
  const vzfs = await openVolume(config.volume ?? instance.volume)
  const definitions = openDefinitions({ shipped: shippedDefinitions, own: instance.definitions })
  return {
    keeper: connectKeeper(instance.keeperSocket),
    cgroups: realCgroups(),
    links: realLinks(),
    filter: realPacketFilter(),
    volumes,
    probe: realHostProbe(runner),
    vzfs,
    openVolume,
    hostMounts: realHostMounts({ mounts, userNamespaces: realUserNamespaces() }),
    areaView: areaView({ mounts, userNamespaces: realUserNamespaces() }),
    templates: (joined) =>
      templateShelf({
        vzfs: joined,
        runner,
        runConfined: confinedRunner(runner, mounts),
        treeCache: config.templateCache,
        definitions,
      }),
    apps: (joined) =>
      appShelf({ vzfs: joined, runner, definitions, lists: join(config.templateCache ?? instance.state, 'apt-lists') }),
    upSince: markUp(instance),
    supervisorIsGone: () => process.env[MARK] !== undefined && supervisorPid(instance) === null,
    resolvers: config.dns ?? resolversOfTheNode(),
  }
}

/** Resolves when the node is in order and the API answers. */
export async function openNode(instance: Instance, config: Config, drivers: Drivers, log: Means['log']): Promise<NodeDaemon> {
  await using undo = new AsyncDisposableStack()
  for (const directory of [instance.run, instance.state]) mkdirSync(directory, { recursive: true, mode: 0o711 })
  const store = undo.use(openStore(instance.database, log))
  const onError = (error: unknown): void => log('an internal fault', error)
  const events = undo.use(await openEvents(store, onError))
  const inventory = await openInventory(store, events, log)
  const vzfs = joinVolumes({
    first: { name: FIRST_VOLUME, vzfs: drivers.vzfs },
    home: (id) => inventory.get(id)?.volume ?? null,
  })
  const volumeBook = await openVolumeBook({ ...drivers, vzfs, instance, inventory, log })
  const features = await drivers.probe.features()
  const uplink = await drivers.links.uplink()
  const wires = { linkPrefix: instance.linkPrefix, mtu: uplink?.mtu ?? 1500, macSeed: macSeed(instance.name) }
  const linked = new Set<number>()
  const strays = openStrays({ ...drivers, inventory, wires })
  const rules = {
    table: instance.filterTable,
    linkPrefix: instance.linkPrefix,
    pool: closedPool(config, uplink?.device ?? null, await drivers.links.networks()),
  }
  const firewall = openFirewall(drivers.filter, rules, () => [
    ...inventory
      .all()
      .filter(({ id }) => linked.has(id))
      .map(({ id, addresses, nat }) => ({ link: linkName(wires, id), addresses, nat })),
    // Whether theirs are translated was in the record that is lost.
    ...[...strays.all()].map(([id, addresses]) => ({ link: linkName(wires, id), addresses, nat: config.nat ?? true })),
  ])
  const warming = undo.use(openWarming({ vzfs, inventory, config, log }))
  const means: Means = {
    ...drivers,
    vzfs,
    volumeBook,
    templates: drivers.templates(vzfs),
    apps: drivers.apps(vzfs),
    instance,
    store,
    config,
    inventory,
    events,
    tasks: openTasks(store, events, onError),
    firewall,
    lastCheck: openLastCheck(join(instance.state, 'last-check.json')),
    warming,
    exits: openExitBook(),
    relinks: openRelinks(),
    secrets: openSecrets(),
    stacks: openStacks(),
    updateSets: new Map(),
    configuring: new Set(),
    mounted: openMountBook({ ...drivers, vzfs, instance, idRange: ID_RANGE_SIZE }),
    lostAreas: await openLostAreas(vzfs, inventory, store),
    strays,
    wires,
    linked,
    cpus: features.cpus,
    memoryBytes: features.memoryBytes,
    gateway: uplink?.gateway ?? null,
    log,
  }
  undo.use(
    drivers.keeper.onExit((report) => {
      if (!means.exits.report(report)) handleUnexpectedExit(means, report).catch(onError)
    }),
  )
  await reconcile(means)
  await continueTasks(means)
  const usage = undo.use(openUsageBoard(means))
  undo.use(openSnapshotClock(means))
  undo.use(openConfigurator(means))
  undo.use(openRelinkClock(means))
  undo.use(openUpdateClock(means))
  const vzfsBoard = undo.use(openVzfsBoard(means))
  const api = await serveApi(instance.apiSocket, { ...means, usage, vzfsBoard, startedAt: new Date().toISOString() })
  undo.defer(() => within(means.tasks.drain(), DRAIN_MS))
  undo.defer(() => api.close())
  startOnBoot(means, store, drivers.upSince).catch(onError)
  const owned = undo.move()
  return { means, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Tasks get so long to end when the daemon is asked to; what is still at work then is taken up by the next one. */
const DRAIN_MS = 5_000

const within = (work: Promise<void>, milliseconds: number): Promise<void> =>
  Promise.race([work, new Promise<void>((resolve) => setTimeout(resolve, milliseconds).unref())])

/** 16 bits of an instance's name. */
const macSeed = (name: string): number => createHash('sha256').update(name).digest().readUInt16BE(0)

/** Those of the node that a VPS can reach too: not the ones on its own loopback. resolv.conf(5) */
function resolversOfTheNode(): string[] {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8')
      .split('\n')
      .map((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
      .filter((address) => address !== '' && !address.startsWith('127.') && address !== '::1')
  } catch {
    return []
  }
}
