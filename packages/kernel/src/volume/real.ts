/** Volumes on the running kernel: XFS on a loop device, or a directory that the administrator brings. */

import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import type { ProcessRunner } from '../process/runner.ts'
import { makeAndMount, mountImage } from './image.ts'
import { loopDeviceGone } from './loop-device.ts'
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
    async attach(image, path) {
      if (mountAt(path)) return
      if (!existsSync(image)) throw new Error(`cannot mount ${image}: there is no such file`)
      mkdirSync(path, { recursive: true, mode: 0o711 })
      await mountImage(means.runner, image, path)
    },
    discardImage: async (image) => rmSync(image, { force: true }),
    async look(path) {
      // Fails when it is no directory.
      readdirSync(path)
      const { target, type, device, readOnly, options } = mountOf(path)
      return { path: realpathSync(path), mountPoint: target, fsType: type, device, readOnly, ...quotaOf(options) }
    },
    async detach(path) {
      const mount = mountAt(path)
      if (!mount) return
      await means.runner.run(['umount', path])
      await loopDeviceGone(mount.device)
    },
    mounted: async (path) => mountAt(path) !== null,
    async probe(path) {
      const { type, device, options } = mountOf(path)
      const problem = await tryOverlay(means, path)
      return {
        path,
        fsType: type,
        device,
        ...quotaOf(options),
        reflink: tryReflink(path),
        vzfs: problem === null,
        vzfsProblem: problem,
      }
    },
    space: async (path) => spaceOf(path),
  }
}

function quotaOf(options: readonly string[]): { readonly projectQuota: boolean; readonly userQuota: boolean } {
  const has = (...names: string[]): boolean => names.some((name) => options.includes(name))
  return { projectQuota: has('prjquota', 'pquota'), userQuota: has('usrquota', 'uquota', 'quota') }
}
