/** What the daemon's parts are given: the narrowest things they need, made by the composition root. */

import type { Cgroups, HostProbe, Links, Volumes } from '@insula/kernel'
import type { JoinedVzfs } from '@insula/vzfs'
import type { AppShelf } from './apps/app-shelf.ts'
import type { SecretShelf } from './apps/secrets.ts'
import type { AreaView } from './area-view.ts'
import type { Config } from './config.ts'
import type { Events } from './events.ts'
import type { Instance } from './instance.ts'
import type { Inventory } from './inventory.ts'
import type { Keeper } from './keeper/keeper.ts'
import type { LastCheck } from './care/last-check.ts'
import type { Warming } from './care/warm.ts'
import type { ExitBook } from './life/exit-book.ts'
import type { Firewall } from './life/firewall.ts'
import type { Wires } from './life/network.ts'
import type { MountBook } from './life/mounted.ts'
import type { Relinks } from './life/relink.ts'
import type { LostAreas } from './lost-areas.ts'
import type { Stacks } from './stacks/stacks.ts'
import type { Store } from './store/open.ts'
import type { Strays } from './strays.ts'
import type { Tasks } from './tasks/engine.ts'
import type { TemplateShelf } from './template-shelf.ts'
import type { UpdateSets } from './updates/update-set.ts'
import type { VolumeBook } from './volumes/book.ts'

export interface Means {
  readonly instance: Instance
  readonly store: Pick<Store, 'inPlace'>
  readonly config: Config
  readonly inventory: Inventory
  readonly events: Events
  readonly tasks: Tasks
  readonly lostAreas: LostAreas
  readonly strays: Strays
  readonly lastCheck: LastCheck
  readonly warming: Pick<Warming, 'before'>
  readonly keeper: Keeper
  readonly cgroups: Cgroups
  readonly links: Links
  readonly firewall: Firewall
  readonly vzfs: JoinedVzfs
  readonly volumes: Volumes
  readonly volumeBook: VolumeBook
  readonly areaView: AreaView
  readonly probe: HostProbe
  readonly templates: TemplateShelf
  readonly apps: AppShelf
  /** Made by tasks, and not taken yet. */
  readonly secrets: SecretShelf
  readonly exits: ExitBook
  readonly relinks: Relinks
  readonly stacks: Stacks
  readonly updateSets: UpdateSets
  /** VPSs whose apps somebody configures, or is about to. */
  readonly configuring: Set<number>
  readonly mounted: MountBook
  readonly wires: Wires
  /** VPSs whose link exists: the firewall is made of these. */
  readonly linked: Set<number>
  /** CPUs of the node that VPSs may use. */
  readonly cpus: readonly number[]
  readonly memoryBytes: number
  /** Resolvers of VPSs that name none. */
  readonly resolvers: readonly string[]
  /** The node's own way out, as it was when the daemon began; null when it has none. */
  readonly gateway: string | null
  /** Where a supervisor started this daemon: it does not run any more. */
  readonly supervisorIsGone: () => boolean
  readonly log: (message: string, details?: unknown) => void
}
