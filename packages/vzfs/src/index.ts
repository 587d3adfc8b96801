export { type IdKind, isLimited } from './quota/ids.ts'
export { type IdQuota, type IdQuotaNeed, type IdQuotaState, openIdQuota } from './quota/id-quota.ts'
export { type IdSettings, NO_ID_SETTINGS, type SettingsFile, settingsFile } from './quota/settings.ts'
export { LayerInUse, type Obstacle, RebaseRefused, VzfsError, type VzfsCode } from './errors.ts'
export type { CloneWish } from './snapshots/clone.ts'
export { type Move } from './snapshots/rollback.ts'
export type { CloneSource, CopyOptions, SnapshotCause, SnapshotInfo, Snapshots, SnapshotWish } from './snapshots/snapshot.ts'
export { beforeRollback } from './snapshots/snapshots.ts'
export { openVzfs, type VzfsNeed } from './open.ts'
export { volumePaths } from './volume-paths.ts'
export type {
  AreaInfo,
  AreaProblem,
  Areas,
  AreaUsage,
  CheckOptions,
  CheckReport,
  Collected,
  CollectOptions,
  Damage,
  IdQuotaPlace,
  LayerInfo,
  LayerOptions,
  LayerResidency,
  Layers,
  OverlayPlan,
  Repaired,
  ReadAhead,
  RepairOptions,
  ResidencyReport,
  SpaceReport,
  RelinkOptions,
  RelinkReport,
  Share,
  Vzfs,
} from './vzfs.ts'
