/** insulad and insula-keeper as values: for tests that run them over a kernel that is not there. */

export { type Drivers, type NodeDaemon, openNode } from './compose.ts'
export { connectKeeper, type KeeperClient } from './keeper/client.ts'
export { type Keep, openKeep } from './keeper/keep.ts'
export type { Keeper } from './keeper/keeper.ts'
export { keepProcView } from './keeper/proc-view.ts'
export { serveKeeper } from './keeper/server.ts'
export { type BuildOptions, type ShelvedTemplate, type TemplateShelf } from './template-shelf.ts'
export type { AppShelf } from './apps/app-shelf.ts'
export { areaView } from './area-view.ts'
export { snapshotClock } from './snapshot-clock.ts'
