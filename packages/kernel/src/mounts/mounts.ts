/**
 * Mounts that exist only for one process tree. `inPrivateCopy` runs a synchronous body in the calling thread while it is in a private
 * copy of the mount namespace: what is mounted and spawned there never shows in the host's table, and it vanishes with the last process
 * in it. mount_namespaces(7), open_tree(2), mount_setattr(2), move_mount(2).
 *
 * INVARIANT: bodies are synchronous. libuv's pool threads stay in the host's namespace, so an asynchronous file call would look at the
 * wrong tree.
 */

import type { UserNamespace } from '../userns/userns.ts'

/** An overlay over idmapped layers and a data-only pool; all strings are absolute paths. */
export interface OverlayMount {
  /** Topmost of the lower layers, whose files have the ids of the overlay's owner already: not idmapped. */
  readonly own: string | null
  readonly layers: readonly string[]
  readonly pool: string
  readonly upper: string
  readonly work: string
  readonly root: string
  readonly options: readonly string[]
}

/** Calls that are meaningful inside a body only. Each throws SystemCallFailed. */
export interface MountCalls {
  /** A file system: proc, tmpfs, cgroup2... `data` as in mount(8) -o. One that is there already, on top, stays. */
  fileSystem(type: string, target: string, data?: string): void
  bind(source: string, target: string): void
  /** Detaches what is mounted on top of target (MNT_DETACH); false when nothing was. */
  detach(target: string): boolean
  /** Mounts the overlay on its root: each layer through a detached clone idmapped by `userns`, the pool as data-only layer. */
  overlay(mount: OverlayMount, userns: UserNamespace): void
  /** Makes a block device node at `path` with the number that files of the mount at `target` show for theirs. One that is there is replaced. */
  deviceOf(target: string, path: string, owner: number): void
  /** Mounts a clone over `target`; over itself, when the last component is a symbolic link. */
  attach(clone: MountClone, target: string): void
}

/** An open mount namespace; it lives as long as this or a process in it. */
export interface MountNamespace extends Disposable {
  readonly fd: number
}

/** A detached copy of a mount, which can be mounted anywhere, also in another namespace. It goes with this unless it was attached. */
export interface MountClone extends Disposable {
  readonly fd: number
}

export interface PrivateMounts {
  inPrivateCopy<T>(body: (mounts: MountCalls) => T): T
  inNamespace<T>(namespace: MountNamespace, body: (mounts: MountCalls) => T): T
  /** Makes a lasting private copy and runs body in it. */
  keepPrivateCopy(body: (mounts: MountCalls) => void): MountNamespace
  /** @throws when there is no such process */
  namespaceOf(pid: number): MountNamespace
  /** Of the mount at `path` of the namespace that the thread is in. */
  clone(path: string): MountClone
}
