/** How long areas of a volume may exceed their soft limits. The kernel keeps it on the file system and has one for all of them. */

import type { Quota, QuotaGrace } from '@insula/kernel'

export interface VolumeGrace {
  /** null where limits of areas do not hold. */
  read(): QuotaGrace | null
  /** What is absent stays. A time that runs already keeps its end. @throws QuotaMissing */
  set(change: Partial<QuotaGrace>): QuotaGrace
}

export const volumeGrace = (quota: Quota): VolumeGrace => ({
  read: () => (quota.kinds.has('project') ? quota.grace('project') : null),
  set(change) {
    quota.setGrace('project', { ...quota.grace('project'), ...change })
    return quota.grace('project')
  },
})
