/** Volumes that were added while the node ran, for those who work without its daemon. */

import { type Instance, readVolumes, type VolumeEntry } from '@insula/node'

/** None when the list cannot be read: what was begun goes on all the same. */
export function furtherVolumes(instance: Instance): readonly VolumeEntry[] {
  try {
    return readVolumes(instance)
  } catch {
    return []
  }
}
