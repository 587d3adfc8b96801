/** What may be imported without loading zod: a command of the CLI must start in a few milliseconds. Types cost nothing. */

export { type ErrorCode, type ErrorFacts, errors, exitCodes, isErrorCode } from './errors.ts'
export { ApiFailure } from './api-failure.ts'
export { API_SOCKET_ENV, DEFAULT_INSTANCE, INSTANCE_ENV, isInstanceName, localSocketPath } from './paths.ts'
export {
  FIRST_VOLUME,
  HOSTNAME_RULE,
  SNAPSHOT_NAME_RULE,
  TEMPLATE_REF,
  TEMPLATE_RULE,
  VOLUME_NAME_RULE,
  VPS_NAME_RULE,
  isHostname,
  isSnapshotName,
  isVolumeName,
  isVpsId,
  isVpsName,
} from './names.ts'
export {
  LABEL_KEY,
  LABEL_KEY_RULE,
  LABEL_TERM_RULE,
  LABEL_VALUE,
  LABEL_VALUE_RULE,
  MOST_LABELS,
  hasLabels,
  isLabelTerm,
} from './labels.ts'
export { formatIpv4, parseIpv4 } from './ipv4.ts'
export { type Bytes, LEAST_BYTES, formatSize, parseSize } from './size.ts'
export { TASK_STATES, type TaskState, VPS_STATES, type VpsState, isTaskOver } from './states.ts'
export { Channel, frame, type Frame, unframe } from './channel.ts'
export { type Endpoint, type RouteName, endpoints, pathFor, streams } from './endpoints.ts'
export {
  type Client,
  type ClientInput,
  type ClientOutput,
  type Transport,
  type TransportAnswer,
  createClient,
  errorIn,
} from './client.ts'
export type { App, AppAdd, AppRemove, AppResult, AppUpgrade, TaskSecrets, TemplateUsage, VpsApp } from './app.ts'
export type { Boot } from './boot.ts'
export type { DoctorReport, Finding } from './doctor.ts'
export type { Event } from './event.ts'
export type { ApiError, ErrorBody } from './failure.ts'
export type { Health, NodeInfo } from './node.ts'
export type { ConsoleOpen, ConsoleServerMessage, ExecOpen, ExecServerMessage, SessionClientMessage } from './session.ts'
export type { QuotaChange, QuotaEntry, QuotaGraceChange, QuotaGraces, QuotaList } from './quota.ts'
export type { Snapshot, SnapshotCreate, SnapshotSchedule, VpsClone } from './snapshot.ts'
export type { VpsMount, VpsMounted } from './mount.ts'
export type { RelinkReport, RelinkResult, Share, VpsRebase, VzfsRelink } from './relink.ts'
export type { Task, TaskAnswer, TaskLog } from './task.ts'
export type {
  DefinitionFindings,
  DefinitionLint,
  DefinitionNew,
  Template,
  TemplateBuild,
  TemplateDefinition,
  TemplateDiff,
  TemplateManifest,
} from './template.ts'
export type { Limits, LimitsChange, Vps, VpsChange, VpsCreate, VpsRename, VpsStop } from './vps.ts'
export type { Volume, VolumeAdd, VolumeChange, VolumeList, VpsMove } from './volume.ts'
export type { VzfsCheck, VzfsCheckResult, VzfsDf, VzfsGc, VzfsGcResult, VzfsResidency } from './vzfs.ts'
export type { UpdateApply, UpdateStatus } from './update.ts'
export { UPDATE_POLICY, UPDATE_POLICY_RULE } from './update-policy.ts'
