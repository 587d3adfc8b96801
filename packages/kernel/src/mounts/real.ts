/** PrivateMounts on the running kernel. */

import { accessSync, chownSync, closeSync, constants, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import type { UserNamespace } from '../userns/userns.ts'
import type { MountCalls, MountClone, MountNamespace, OverlayMount, PrivateMounts } from './mounts.ts'

const CLONE_NEWNS = 0x20000
const S_IFBLK = 0o060000
const MS_BIND = 0x1000
const MS_REC = 0x4000
const MS_PRIVATE = 1 << 18
const MNT_DETACH = 2
const AT_FDCWD = -100
const AT_EMPTY_PATH = 0x1000
const AT_RECURSIVE = 0x8000
const OPEN_TREE_CLONE = 1
const OPEN_TREE_CLOEXEC = 0x80000
const MOVE_MOUNT_F_EMPTY_PATH = 4
const MOVE_MOUNT_T_EMPTY_PATH = 0x40
const MOUNT_ATTR_IDMAP = 0x100000n
/** fs.constants has no O_PATH. */
const O_PATH = 0x200000

export function realPrivateMounts(): PrivateMounts {
  return {
    inPrivateCopy: (body) => backHere(() => enterPrivateCopy(), body),
    inNamespace: ({ fd }, body) => backHere(() => libc.setns('setns(mount namespace)', fd, CLONE_NEWNS), body),
    keepPrivateCopy: (body) =>
      backHere(
        () => enterPrivateCopy(),
        (calls) => {
          body(calls)
          return open('/proc/thread-self/ns/mnt')
        },
      ),
    namespaceOf: (pid) => open(`/proc/${pid}/ns/mnt`),
    clone: cloneTree,
  }
}

function open(namespace: string): MountNamespace {
  return owned(openSync(namespace, 'r'))
}

const owned = (fd: number): MountNamespace & MountClone => ({ fd, [Symbol.dispose]: () => closeSync(fd) })

/** Runs body in another mount namespace and is back in this one afterwards, whatever happens. */
function backHere<T>(enter: () => void, body: (mounts: MountCalls) => T): T {
  const here = openSync('/proc/thread-self/ns/mnt', 'r')
  try {
    // setns(2) into a mount namespace asks for a root and working directory that no other thread shares; unshare gives both.
    libc.unshare('unshare(CLONE_FS)', 0x200)
    enter()
    try {
      return body(calls)
    } finally {
      libc.setns('setns(back)', here, CLONE_NEWNS)
    }
  } finally {
    closeSync(here)
  }
}

function enterPrivateCopy(): void {
  libc.unshare('unshare(CLONE_NEWNS)', CLONE_NEWNS)
  libc.mount('make / private', 'none', '/', null, MS_REC | MS_PRIVATE, null)
}

const calls: MountCalls = {
  fileSystem: (type, target, data) => {
    try {
      libc.mount(`mount ${type} on ${target}`, type, target, type, 0, data ?? null)
    } catch (error) {
      // mount(2): it is there already, on top. So it is with the one cgroup2 of a host that has no other cgroups.
      if (!(error instanceof SystemCallFailed && error.code === 'EBUSY')) throw error
    }
  },
  bind: (source, target) => {
    libc.mount(`bind ${source} on ${target}`, source, target, null, MS_BIND, null)
  },
  detach: (target) => {
    try {
      libc.umount2(`unmount ${target}`, target, MNT_DETACH)
      return true
    } catch (error) {
      if (error instanceof SystemCallFailed && (error.code === 'EINVAL' || error.code === 'ENOENT')) return false
      throw error
    }
  },
  overlay: mountOverlay,
  deviceOf: (target, path, owner) => {
    rmSync(path, { force: true })
    const { dev } = statSync(target)
    // The kernel's own layout of a device number in 32 bits is that of stat(2) for all that it gives to file systems.
    libc.mknodat(`mknod ${path}`, AT_FDCWD, Buffer.from(`${path}\0`), S_IFBLK | 0o600, dev)
    chownSync(path, owner, owner)
  },
  attach: attachClone,
}

/**
 * overlayfs takes its lower layers by path, so the idmapped clones need a place: a tmpfs on the overlay's own root, which the overlay then
 * covers. Nothing of it is left in the file system.
 */
function mountOverlay(mount: OverlayMount, userns: UserNamespace): void {
  calls.fileSystem('tmpfs', mount.root, 'size=64k,mode=700')
  const own = mount.own === null ? [] : [placed(mount.own, `${mount.root}/own`)]
  const idmapped = mount.layers.map((layer, index) => placed(layer, `${mount.root}/${index}`, userns))
  const data = overlayData({ ...mount, layers: [...own, ...idmapped] })
  libc.mount(`overlay on ${mount.root}`, 'vzfs', mount.root, 'overlay', 0, data)
  requireWritable(mount)
}

/** @throws when the overlay that is mounted there can only be read */
export function requireWritable(mount: OverlayMount): void {
  try {
    accessSync(mount.root, constants.W_OK)
  } catch (error) {
    // The kernel says so in its log alone.
    const message = `its volume is full: the root file system could be mounted read-only alone, for want of space in ${mount.work}`
    throw Object.assign(new Error(message, { cause: error }), { code: 'ENOSPC' })
  }
}

interface OverlayData extends Pick<OverlayMount, 'layers' | 'upper' | 'work' | 'options'> {
  readonly pool: string | null
}

/** Options of mount(2). */
export function overlayData({ layers, pool, upper, work, options }: OverlayData): string {
  const lower = layers.map(escapePath).join(':') + (pool === null ? '' : `::${escapePath(pool)}`)
  return [`lowerdir=${lower}`, `upperdir=${escapePath(upper)}`, `workdir=${escapePath(work)}`, ...options].join(',')
}

/** A clone of the layer, made visible at a new directory. */
export function placed(layer: string, place: string, userns?: UserNamespace): string {
  mkdirSync(place)
  using clone = cloneTree(layer)
  if (userns) {
    const attributes = Buffer.alloc(32)
    attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP, 0)
    attributes.writeBigUInt64LE(BigInt(userns.fd), 24)
    libc.mountSetattr(`idmap ${layer}`, clone.fd, '', AT_EMPTY_PATH | AT_RECURSIVE, attributes, 32)
  }
  libc.moveMount(`mount ${layer}`, clone.fd, '', AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH)
  return place
}

/** Commas and colons divide mount options and layers; overlayfs takes them escaped. */
const escapePath = (path: string): string => path.replace(/[\\,:]/g, '\\$&')

function cloneTree(path: string): MountClone {
  return owned(libc.openTree(`open_tree ${path}`, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC))
}

function attachClone(clone: MountClone, target: string): void {
  const place = openSync(target, O_PATH | constants.O_NOFOLLOW)
  try {
    const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
    libc.moveMount(`mount on ${target}`, clone.fd, '', place, '', flags)
  } finally {
    closeSync(place)
  }
}
