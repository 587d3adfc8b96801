export { type IdKind, isLimited } from './quota/ids.ts'
export { type IdQuota, type IdQuotaNeed, type IdQuotaState, openIdQuota } from './quota/id-quota.ts'
export { type IdSettings, NO_ID_SETTINGS, type SettingsFile, settingsFile } from './quota/settings.ts'
export { LayerInUse, type Obstacle, RebaseRefused, VzfsError, type VzfsCode } from './errors.ts'
export { openVzfs, type VzfsNeed } from './open.ts'
export type { RelinkReport, Share } from './relink/report.ts'
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
  Vzfs,
} from './vzfs.ts'
