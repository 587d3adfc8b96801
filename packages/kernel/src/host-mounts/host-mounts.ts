/**
 * A root file system that does not run, mounted where everybody on the host can see it, for its administrator to work in. Ids are those
 * from inside: what root of the host makes there belongs to root inside. Whoever wrote these files is not trusted: a mount has no set-id programs, no
 * devices and no programs at all, and symbolic links are not followed unless that is asked for, because an absolute one leads into the host's own files.
 */

import type { OverlayMount } from '../mounts/mounts.ts'
import type { IdMap } from '../userns/userns.ts'

export interface HostMountWish {
  /** A directory; nothing of it is seen meanwhile. */
  readonly target: string
  readonly write: boolean
  readonly followLinks: boolean
}

export interface MountUser {
  readonly pid: number
  readonly name: string
}

export interface HostMounts {
  /** Upper and work directory and the topmost layer lie in one directory. Each throws SystemCallFailed. */
  mount(overlay: OverlayMount, ids: IdMap, wish: HostMountWish): Promise<void>
  /** False when nothing is mounted there. @throws SystemCallFailed EBUSY */
  unmount(target: string): boolean
  /** Whether an overlay with this upper directory is mounted anywhere, in whatever mount namespace, or still held by a process. */
  inUse(overlay: Pick<OverlayMount, 'layers' | 'upper' | 'root'>): boolean
  /** Processes that keep what is mounted at `target` busy, as far as can be told. */
  users(target: string): readonly MountUser[]
}

/** What the kernel's table shows as the device of such a mount. */
export const HOST_MOUNT_SOURCE = 'vzfs-on-host'
