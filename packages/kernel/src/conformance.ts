/** What drivers of each facility must do, real and fake alike. Each function registers tests with node:test. */

export { cgroupConformance, type CgroupSubject } from './cgroup/conformance.ts'
export { filterConformance } from './filter/conformance.ts'
export { linkConformance, type LinkSubject } from './links/conformance.ts'
export { lxcfsConformance, type LxcfsSubject } from './lxcfs/conformance.ts'
export { probeConformance } from './probe/conformance.ts'
export { processConformance } from './process/conformance.ts'
export { noQuotaConformance, quotaConformance, type QuotaSubject } from './quota/conformance.ts'
export { volumeConformance, type VolumeSubject } from './volume/conformance.ts'
