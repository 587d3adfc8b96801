/** Volumes in memory. */

import { type VolumeFeatures, type VolumePlace, VolumeRefused, type Volumes, type VolumeSpace } from './volume.ts'

export interface FakeVolumeOptions {
  /** What probe finds, where it differs from a good volume. */
  readonly features?: Partial<VolumeFeatures>
  /** What is seen of a directory, where it differs from one on a good volume. */
  readonly places?: Readonly<Record<string, Partial<VolumePlace>>>
  /** Bytes free for images; plenty when absent. */
  readonly freeBytes?: number
  /** Whether nothing more can be written to them, as of now. */
  readonly full?: () => boolean
}

export interface FakeVolumes extends Volumes {
  /** Image to its size: they outlive being detached. */
  readonly images: ReadonlyMap<string, number>
}

const LEAST_BYTES = 300 * 1024 * 1024
const LEAST_FREE = 2 * 1024 ** 3
const INODES = 1_000_000

/** @param existing directories that are there without being made: the administrator's own volumes */
export function fakeVolumes(existing: readonly string[] = [], options: FakeVolumeOptions = {}): FakeVolumes {
  const images = new Map<string, number>()
  const mounts = new Map<string, string>()
  const freeBytes = options.freeBytes ?? 2 ** 40
  const sizeOf = (path: string): number => {
    const image = mounts.get(path)
    if (image !== undefined) return images.get(image) ?? 0
    if (existing.includes(path)) return freeBytes
    throw new Error(`ENOENT: no such file or directory, statfs '${path}'`)
  }
  return {
    images,
    async ensureLoopVolume(image, path, size) {
      if (mounts.has(path)) return
      if (!images.has(image)) {
        const what = `cannot make the volume ${image}`
        if (size < LEAST_BYTES)
          throw new VolumeRefused(
            'too_small',
            `${what}: ${size} bytes are less than the ${LEAST_BYTES} that XFS needs; choose a larger --size`,
          )
        const needed = Math.min(size, LEAST_FREE)
        if (freeBytes < needed)
          throw new VolumeRefused('no_space', `${what}: ${freeBytes} bytes free and ${needed} needed; free some space`)
        images.set(image, size)
      }
      mounts.set(path, image)
    },
    async attach(image, path) {
      if (mounts.has(path)) return
      if (!images.has(image)) throw new Error(`cannot mount ${image}: there is no such file`)
      mounts.set(path, image)
    },
    discardImage: async (image) => void images.delete(image),
    async look(path) {
      sizeOf(path)
      const at = { path, mountPoint: path, fsType: 'xfs', device: mounts.has(path) ? '/dev/loop0' : '/dev/sda1', readOnly: false }
      return { ...at, projectQuota: false, userQuota: false, ...options.places?.[path] }
    },
    detach: async (path) => void mounts.delete(path),
    mounted: async (path) => mounts.has(path),
    async probe(path) {
      sizeOf(path)
      if (options.full?.() === true) {
        const message = `ENOSPC: no space left on device, mkdtemp '${path}/.probe-XXXXXX'`
        throw Object.assign(new Error(message), { code: 'ENOSPC' })
      }
      const found = { fsType: 'xfs', device: mounts.has(path) ? '/dev/loop0' : '/dev/sda1', reflink: true, vzfs: true }
      return { path, projectQuota: false, userQuota: false, vzfsProblem: null, ...found, ...options.features }
    },
    async space(path) {
      const size = sizeOf(path)
      return {
        totalBytes: size,
        freeBytes: options.full?.() === true ? 0 : size,
        totalInodes: INODES,
        freeInodes: INODES,
      } satisfies VolumeSpace
    },
  }
}
