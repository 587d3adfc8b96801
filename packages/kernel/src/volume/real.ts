/** Volumes on the running kernel: XFS on a loop device, or a directory that the administrator brings. */

import type { ProcessRunner } from '../process/runner.ts'
import { makeAndMount } from './image.ts'
import { mountAt, mountOf } from './mount-table.ts'
import { spaceOf } from './space.ts'
import { type TrialMeans, tryOverlay, tryReflink } from './trial.ts'
import type { Volumes } from './volume.ts'

export interface VolumeMeans extends TrialMeans {
  readonly runner: ProcessRunner
}

export function realVolumes(means: VolumeMeans): Volumes {
  return {
    async ensureLoopVolume(image, path, size) {
      if (!mountAt(path)) await makeAndMount(means.runner, image, path, size)
    },
    async detach(path) {
      // The loop device goes with its last user (mount -o loop sets autoclear).
      if (mountAt(path)) await means.runner.run(['umount', path])
    },
    mounted: async (path) => mountAt(path) !== null,
    async probe(path) {
      const { type, device, options } = mountOf(path)
      const has = (...names: string[]): boolean => names.some((name) => options.includes(name))
      const problem = await tryOverlay(means, path)
      return {
        path,
        fsType: type,
        device,
        projectQuota: has('prjquota', 'pquota'),
        userQuota: has('usrquota', 'uquota', 'quota'),
        reflink: tryReflink(path),
        vzfs: problem === null,
        vzfsProblem: problem,
      }
    },
    space: async (path) => spaceOf(path),
  }
}
