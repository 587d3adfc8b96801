/** The pretended node's volumes. */

import type { Volume } from '@insula/contract'

export const fakeVolume = (name: string, changes: Partial<Volume> = {}): Volume => ({
  name,
  path: `/volumes/${name}`,
  image: null,
  first: name === 'default',
  present: true,
  problem: null,
  fsType: 'xfs',
  device: '/dev/sda1',
  reflink: true,
  projectQuota: true,
  userQuota: true,
  totalBytes: 20 * 1024 ** 3,
  freeBytes: 15 * 1024 ** 3,
  vps: 1,
  ...changes,
})
