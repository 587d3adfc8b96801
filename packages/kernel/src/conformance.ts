/** What drivers of each facility must do, real and fake alike. Each function registers tests with node:test. */

export { cgroupConformance, type CgroupSubject } from './cgroup/conformance.ts'
export { confinedConformance, type ConfinedSubject } from './confined/conformance.ts'
export { exitConformance, type ExitSubject, type StartedProcess, type StartProcess } from './exits/conformance.ts'
export { filterConformance } from './filter/conformance.ts'
export { linkConformance, type LinkSubject } from './links/conformance.ts'
export { lxcfsConformance, type LxcfsSubject } from './lxcfs/conformance.ts'
export { mountConformance, type MountSubject, type SeenFiles } from './mounts/conformance.ts'
export { networkConformance, type NetworkSubject } from './netns/conformance.ts'
export { probeConformance } from './probe/conformance.ts'
export { processConformance } from './process/conformance.ts'
export { userNamespaceConformance, type UserNamespaceSubject } from './userns/conformance.ts'
export { volumeConformance, type VolumeSubject } from './volume/conformance.ts'
