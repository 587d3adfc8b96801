export { accountsOf, type IdKind, isLimited } from './quota/ids.ts'
export { LayerInUse, VzfsError, type VzfsCode } from './errors.ts'
export { openVzfs, type VzfsNeed } from './open.ts'
export { volumePaths } from './volume-paths.ts'
export type {
  AreaInfo,
  AreaProblem,
  Areas,
  AreaUsage,
  CheckOptions,
  Damage,
  LayerInfo,
  LayerOptions,
  Layers,
  OverlayPlan,
  Vzfs,
} from './vzfs.ts'
