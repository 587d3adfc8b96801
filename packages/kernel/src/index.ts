export { giveBackMemory } from './libc/memory.ts'
export { type ProcessRunner, type RunOptions, type RunResult, ProcessFailed } from './process/runner.ts'
export {
  CANNOT_JOIN,
  type CgroupDoor,
  type CgroupLimits,
  CgroupMissing,
  type CgroupMode,
  type Cgroups,
  type CgroupUsage,
  LimitBelowUse,
} from './cgroup/cgroup.ts'
export { type LinkInfo, type Links, type RouteSpec, RouteTaken, type Uplink, type VethSpec } from './links/links.ts'
export { type ConfigureNetwork, LinkMissing, type NetworkStep } from './network/network.ts'
export { realConfigureNetwork } from './network/real.ts'
export { NetworkRefused } from './netlink/refused.ts'
export { FilterRefused, type PacketFilter } from './filter/filter.ts'
export { type VolumeFeatures, type VolumePlace, VolumeRefused, type Volumes, type VolumeSpace } from './volume/volume.ts'
export type { Lxcfs, LxcfsProcess } from './lxcfs/lxcfs.ts'
export { type Activity, type HostFeatures, type HostProbe, type SysctlNeed, SysctlRefused } from './probe/probe.ts'
export type { MountCalls, MountClone, MountNamespace, OverlayMount, PrivateMounts } from './mounts/mounts.ts'
export { HOST_MOUNT_SOURCE, type HostMounts, type HostMountWish, type MountUser } from './host-mounts/host-mounts.ts'
export { realHostMounts } from './host-mounts/real.ts'
export { realPrivateMounts } from './mounts/real.ts'
export { errorCode } from './libc/error-code.ts'
export { SystemCallFailed } from './libc/libc.ts'
export { type AttachedOptions, type AttachedProcess, type Descriptor, startAttached } from './process/attached.ts'
export { awaitDescriptor, type Handover } from './pty/handover.ts'
export {
  adoptPty,
  type GiveDescriptor,
  neverBlock,
  openPipe,
  openPty,
  type Pty,
  realGiveDescriptor,
  resizePty,
} from './pty/pty.ts'
export type { IdMap, UserNamespace, UserNamespaces } from './userns/userns.ts'
export { realUserNamespaces } from './userns/real.ts'
export type { ExitWatch, ProcessEnd } from './exits/exits.ts'
export { realExitWatch } from './exits/real.ts'
export { becomeSubreaper, reapStrays } from './exits/strays.ts'
export type { ConfinedRoot, OpenConfinedRoot, Visitor } from './confined/confined.ts'
export { openConfinedRoot } from './confined/real.ts'
export type { ExecCall, Runtime, RuntimeCall, RuntimeEnd, RuntimeState } from './runtime/runtime.ts'
export { lastLogMessage } from './runtime/log.ts'
export { realRuntime } from './runtime/real.ts'
export type { FileCalls } from './files/files.ts'
export { realFileCalls } from './files/real.ts'
export { readLines } from './files/bounded.ts'
export { readUnbuffered } from './files/unbuffered.ts'
export { PAGE_BYTES, type PageCache } from './page-cache/page-cache.ts'
export { realPageCache } from './page-cache/real.ts'
export { stepBack } from './process/step-back.ts'
export { realProcessRunner } from './process/real.ts'
export { confinedRunner, type RunConfined } from './process/confined-runner.ts'
export { dieWithParent } from './process/die-with-parent.ts'
export {
  type Answer,
  type Architecture,
  AT_FDCWD,
  type Call,
  type Caller,
  type Credentials,
  type DeviceNode,
  type Listeners,
  type MadeDevice,
  type Ready,
} from './seccomp/seccomp.ts'
export { realListeners } from './seccomp/real.ts'
export { continueCall } from './seccomp/continue-call.ts'
export { newCallRecord, readCallRecord } from './seccomp/record.ts'
export { type HandedListener, type ListenerSocket, receiveListeners } from './seccomp/receive.ts'
export { type ServiceOptions, startService } from './process/service.ts'
export { type CgroupOptions, realCgroups } from './cgroup/real.ts'
export { unmountOwnTree } from './cgroup/own-tree.ts'
export { type CgroupView, type CgroupViews, realCgroupViews } from './cgroup/view.ts'
export { cpuList, parseCpuList } from './cgroup/knobs.ts'
export { realLinks } from './links/real.ts'
export { realPacketFilter } from './filter/real.ts'
export { realLxcfs } from './lxcfs/real.ts'
export { realVolumes } from './volume/real.ts'
export { realHostProbe } from './probe/real.ts'
export { inheritedDescriptors } from './descriptors/inherited.ts'
export { notify } from './descriptors/notify.ts'
export { takeDescriptor } from './descriptors/take.ts'
export { type Notification, receiveNotifications } from './descriptors/receive.ts'
export { DESCRIPTOR_NAME, type DescriptorStore, openDescriptorStore } from './descriptors/store.ts'
export {
  type FileProject,
  type GraceEnds,
  NO_QUOTA_LIMITS,
  type Quota,
  type QuotaAccount,
  type QuotaGrace,
  QUOTA_KINDS,
  type QuotaKind,
  type QuotaLimits,
  QuotaMissing,
  sameQuotaLimits,
} from './quota/quota.ts'
export type { FileAnswers, MakeServedFile, ServedFile, ServedFiles, ServeResult } from './served-file/served-file.ts'
export { makeServedFile, realServedFiles } from './served-file/real.ts'
export { type OpenQuota, realQuota } from './quota/real.ts'
