/** The agreement between insulad and everything that talks to it. `@insula/contract/light` is the part of it that loads no zod. */

export * from './light.ts'
export { AddressWish, Dns, Hostname, Ipv4, TemplateName, VolumeName, VpsName, VpsRef } from './scalars.ts'
export { Labels, PlanName } from './selection.ts'
export { Limits, LimitsChange, Vps, VpsChange, VpsCreate, VpsRename, VpsStop } from './vps.ts'
export { Snapshot, SnapshotCreate, SnapshotName, SnapshotSchedule, VpsClone } from './snapshot.ts'
export { VpsMount, VpsMounted } from './mount.ts'
export { Share, VpsRebase, VzfsRelink } from './relink.ts'
export { App, AppAdd, AppRemove, AppUpgrade, TaskSecrets, TemplateUsage, VpsApp } from './app.ts'
export { Boot } from './boot.ts'
export { ApiError, ErrorBody } from './failure.ts'
export { Task, TaskAnswer, TaskLog } from './task.ts'
export {
  DefinitionFindings,
  DefinitionLint,
  DefinitionNew,
  Template,
  TemplateBuild,
  TemplateDefinition,
  TemplateDiff,
  TemplateImport,
  TemplateManifest,
} from './template.ts'
export { Health, NodeInfo } from './node.ts'
export { DoctorReport, Finding } from './doctor.ts'
export { Event } from './event.ts'
export { ConsoleOpen, ConsoleServerMessage, ExecOpen, ExecServerMessage, SessionClientMessage } from './session.ts'
export { type Route, routes } from './routes.ts'
export { templateRoutes } from './template-routes.ts'
export { openApiDocument } from './openapi.ts'
export { Volume, VolumeAdd, VolumeChange, VolumeList, VpsMove } from './volume.ts'
export { VzfsCheck, VzfsCheckResult, VzfsDf, VzfsGc, VzfsGcResult, VzfsResidency } from './vzfs.ts'
export {
  AppDefinition,
  ARCHITECTURES,
  type AptRepository,
  Definition,
  type DnfRepository,
  HOST_ONLY,
  INITS,
  type Install,
  OS_PHASES,
  OsDefinition,
  type Parameter,
  type Phase,
  PHASES,
  type Script,
  type TemplateFile,
  templateSchema,
} from './template-definition.ts'
export { UpdateApply, UpdatePolicy, UpdateStatus } from './update.ts'
export { UPDATE_DAYS, UPDATE_POLICY, UPDATE_POLICY_RULE } from './update-policy.ts'
