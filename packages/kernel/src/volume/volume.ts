/** A volume: one directory on one local file system where VZFS lives. What it can do is probed once and shown. */

export interface VolumeFeatures {
  readonly path: string
  readonly fsType: string
  readonly device: string
  /** Kernel enforces project quota on this mount. */
  readonly projectQuota: boolean
  readonly userQuota: boolean
  readonly reflink: boolean
  /** Overlay with metacopy, redirect, data-only layers and idmapped lower layers works here (tried, not guessed). */
  readonly vzfs: boolean
  /** When vzfs is false: what failed. */
  readonly vzfsProblem: string | null
}

/** Where a directory lies, seen without writing to it. */
export interface VolumePlace {
  /** Without symbolic links. */
  readonly path: string
  /** What is mounted there. */
  readonly mountPoint: string
  readonly fsType: string
  readonly device: string
  readonly readOnly: boolean
  readonly projectQuota: boolean
  readonly userQuota: boolean
}

export interface VolumeSpace {
  readonly totalBytes: number
  readonly freeBytes: number
  readonly totalInodes: number
  readonly freeInodes: number
}

export interface Volumes {
  /** Makes a sparse image file with XFS on it, if absent, (reflink=1, ftype=1) and mounts it at `path`, if not mounted. Idempotent.
   * `size` in bytes. Mount options carry quota where the kernel has it. @throws VolumeRefused; with remedy when there is no XFS */
  ensureLoopVolume(image: string, path: string, size: number): Promise<void>
  /** Mounts an image that is there at `path`, which is made. Idempotent. @throws when there is no such image */
  attach(image: string, path: string): Promise<void>
  /** Unmounts and detaches the loop device. Idempotent. */
  detach(path: string): Promise<void>
  /** Deletes an image that is not mounted. Idempotent. */
  discardImage(image: string): Promise<void>
  /** @throws ENOENT, ENOTDIR when it is no directory */
  look(path: string): Promise<VolumePlace>
  mounted(path: string): Promise<boolean>
  probe(path: string): Promise<VolumeFeatures>
  space(path: string): Promise<VolumeSpace>
}

/** An image of this size cannot be made there. The message says what to do. */
export class VolumeRefused extends Error {
  override readonly name = 'VolumeRefused'
  readonly reason: 'too_small' | 'no_space'

  constructor(reason: VolumeRefused['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
