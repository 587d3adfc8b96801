/** HostMounts on the running kernel. */

import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import type { OverlayMount, PrivateMounts } from '../mounts/mounts.ts'
import { overlayData, placed, requireWritable } from '../mounts/real.ts'
import type { UserNamespace, UserNamespaces } from '../userns/userns.ts'
import { HOST_MOUNT_SOURCE, type HostMounts, type HostMountWish, type MountUser } from './host-mounts.ts'

const AT_EMPTY_PATH = 0x1000
const MOVE_MOUNT_F_EMPTY_PATH = 4
const MOVE_MOUNT_T_EMPTY_PATH = 0x40
const UMOUNT_NOFOLLOW = 8
/** fs.constants has no O_PATH. */
const O_PATH = 0x200000
const [RDONLY, NOSUID, NODEV, NOEXEC, NOSYMFOLLOW] = [1n, 2n, 4n, 8n, 0x200000n] as const

export interface HostMountMeans {
  readonly mounts: PrivateMounts
  readonly userNamespaces: UserNamespaces
}

export function realHostMounts({ mounts, userNamespaces }: HostMountMeans): HostMounts {
  return {
    async mount(overlay, ids, wish) {
      using inside = await userNamespaces(ids, 'from inside')
      using clone = mounts.inPrivateCopy((calls) => {
        calls.fileSystem('tmpfs', overlay.root, 'size=64k,mode=700')
        mountFromInside(overlay, inside)
        if (wish.write) requireWritable(overlay)
        return mounts.clone(overlay.root)
      })
      setFlags(clone.fd, wish)
      attach(clone.fd, wish.target)
    },
    unmount(target) {
      try {
        libc.umount2(`unmount ${target}`, target, UMOUNT_NOFOLLOW)
        return true
      } catch (error) {
        if (error instanceof SystemCallFailed && (error.code === 'EINVAL' || error.code === 'ENOENT')) return false
        throw error
      }
    },
    inUse,
    users: (target) => processes().filter(({ pid }) => reaches(pid, target)),
  }
}

/**
 * As the host's root would have made the files: layers as they are on disk, and the private directory through a clone that shows host ids as those
 * inside. The work directory is the host's root's own and needs a place among them: it becomes that of the range's first id, which nobody on the host has.
 */
function mountFromInside(overlay: OverlayMount, inside: UserNamespace): void {
  const area = dirname(overlay.upper)
  const seen = placed(area, join(overlay.root, 'area'), inside)
  const own = overlay.own === null ? [] : [join(seen, basename(overlay.own))]
  const data = overlayData({
    ...overlay,
    layers: [...own, ...overlay.layers],
    upper: join(seen, basename(overlay.upper)),
    work: join(seen, basename(overlay.work)),
  })
  libc.mount(`overlay on ${overlay.root}`, HOST_MOUNT_SOURCE, overlay.root, 'overlay', 0, data)
}

function setFlags(fd: number, { write, followLinks }: HostMountWish): void {
  const flags = NOSUID | NODEV | NOEXEC | (write ? 0n : RDONLY) | (followLinks ? 0n : NOSYMFOLLOW)
  const attributes = Buffer.alloc(32)
  attributes.writeBigUInt64LE(flags, 0)
  libc.mountSetattr('set flags of a mount', fd, '', AT_EMPTY_PATH, attributes, 32)
}

function attach(fd: number, target: string): void {
  const place = openSync(target, O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY)
  try {
    libc.moveMount(`mount on ${target}`, fd, '', place, '', MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
  } finally {
    closeSync(place)
  }
}

/**
 * The kernel lets only one overlay with index=on have an upper directory, and says EBUSY to the next before it looks at anything else; when nobody has it, this mount
 * fails with EINVAL because its work directory lies elsewhere. Nothing is written in either case.
 */
function inUse({ layers, upper, root }: Pick<OverlayMount, 'layers' | 'upper' | 'root'>): boolean {
  const data = overlayData({ layers: layers.slice(0, 1), pool: null, upper, work: ELSEWHERE, options: ['index=on'] })
  try {
    libc.mount(`try whether ${upper} is in use`, 'trial', root, 'overlay', 0, data)
  } catch (error) {
    if (error instanceof SystemCallFailed && error.code === 'EBUSY') return true
    if (error instanceof SystemCallFailed && error.code === 'EINVAL') return false
    throw error
  }
  libc.umount2(`unmount ${root}`, root, UMOUNT_NOFOLLOW)
  throw new Error(`it cannot be told whether ${upper} is in use: ${ELSEWHERE} lies on the same file system`)
}

/** Never on a volume's file system. */
const ELSEWHERE = '/dev'

function processes(): MountUser[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid: Number(pid), name: nameOf(pid) }))
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return '?'
  }
}

/** By its working directory, its root or a file that it has open. */
function reaches(pid: number, target: string): boolean {
  const at = `/proc/${pid}`
  const links = [`${at}/cwd`, `${at}/root`, ...entries(`${at}/fd`).map((fd) => `${at}/fd/${fd}`)]
  return links.some((link) => `${readLink(link)}/`.startsWith(`${target}/`))
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
