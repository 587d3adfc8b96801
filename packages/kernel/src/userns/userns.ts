/**
 * A user namespace with one id map, owned by the host uid that is its own root, so that the kernel counts inotify instances, pending
 * signals, keys and the like per namespace and not against the host's root. user_namespaces(7).
 */

export interface IdMap {
  /** First host id; 0 inside. */
  readonly base: number
  readonly size: number
}

/**
 * What a mount with the namespace's id map does: shows ids on disk, from 0, as those of the host (as in the namespace itself); or host ids on disk as those
 * inside, and 0 on disk as the first host id.
 */
export type Direction = 'from disk' | 'from inside'

/** The namespace lives as long as this or a process in it. */
export interface UserNamespace extends Disposable {
  readonly fd: number
  /** Where other processes of this machine find it, as long as it is open here. */
  readonly path: string
}

/** @throws Error that names the ids, when the kernel refuses */
export type UserNamespaces = (map: IdMap, direction?: Direction) => Promise<UserNamespace>
