/**
 * Mounts that exist only for one process tree. `inPrivateCopy` runs a synchronous body in the calling thread while it is in a private
 * copy of the mount namespace: what is mounted and spawned there never shows in the host's table, and it vanishes with the last process
 * in it. mount_namespaces(7), open_tree(2), mount_setattr(2), move_mount(2).
 *
 * INVARIANT: bodies are synchronous. libuv's pool threads stay in the host's namespace, so an asynchronous file call would look at the
 * wrong tree.
 */

/** An overlay over idmapped layers and a data-only pool; all strings are absolute paths. */
export interface OverlayMount {
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
  overlay(mount: OverlayMount, userns: number): void
}

export interface PrivateMounts {
  inPrivateCopy<T>(body: (mounts: MountCalls) => T): T
  /** In the mount namespace that `fd` names (an open /proc/PID/ns/mnt). */
  inNamespace<T>(fd: number, body: (mounts: MountCalls) => T): T
  /** Makes a lasting private copy, runs body in it, and returns its descriptor for `inNamespace`. The caller closes it. */
  keepPrivateCopy(body: (mounts: MountCalls) => void): number
  /** A detached clone of the mount at `path` as a descriptor that `attach` can mount anywhere, also in another namespace. */
  clone(path: string): number
  /** Mounts a clone over `target` of the current namespace; the last component may not be a symbolic link. */
  attach(clone: number, target: string): void
}
