export { type IdKind, isLimited } from './quota/ids.ts'
export { type IdQuota, type IdQuotaNeed, type IdQuotaState, openIdQuota } from './quota/id-quota.ts'
export { type IdSettings, NO_ID_SETTINGS, type SettingsFile, settingsFile } from './quota/settings.ts'
export { LayerInUse, type Obstacle, RebaseRefused, VzfsError, type VzfsCode } from './errors.ts'
export type { CloneWish } from './snapshots/clone.ts'
export { type Move } from './snapshots/rollback.ts'
export type { CloneSource, CopyOptions, SnapshotCause, SnapshotInfo, Snapshots, SnapshotWish } from './snapshots/snapshot.ts'
export { beforeRollback } from './snapshots/snapshots.ts'
export { openVzfs, type VzfsNeed } from './open.ts'
export type { RelinkReport, Share } from './relink/report.ts'
export { volumeParts, volumePaths } from './volume-paths.ts'
export type { CopySource } from './arrive/source.ts'
export { joinVolumes } from './volumes/join.ts'
export type { JoinedVzfs, PlaceOptions, VolumeState } from './volumes/joined.ts'
export { readMark, type VolumeMark, writeMark } from './volumes/mark.ts'
export type {
  CheckOptions,
  CheckReport,
  Collected,
  CollectOptions,
  Damage,
  LayerResidency,
  Repaired,
  ReadAhead,
  RepairOptions,
  ResidencyReport,
  SpaceReport,
} from './reports.ts'
export type {
  AreaInfo,
  AreaLayerOptions,
  AreaProblem,
  Areas,
  Arrivals,
  AreaUsage,
  IdQuotaPlace,
  LayerInfo,
  LayerOptions,
  Layers,
  OverlayPlan,
  Vzfs,
} from './vzfs.ts'
