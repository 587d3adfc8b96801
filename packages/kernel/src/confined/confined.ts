/**
 * Files below a root that somebody hostile may have arranged: symbolic links, fifos, huge files, links out of the root, mounts over them. Links
 * are resolved inside the root, what is mounted below it does not exist here, only regular files are touched, and nothing here ever blocks. All calls are synchronous: they are used inside a private
 * mount namespace.
 */

export interface ConfinedRoot extends Disposable {
  /** The file's text, or null when it is absent, lies on another mount, not a regular file, or larger than `most` bytes. */
  read(path: string, most: number): string | null
  /** Also true for what may be one on another mount. */
  isDirectory(path: string): boolean
  /**
   * Why somebody without capabilities cannot make it his working directory, as an errno's name (ENOENT, EACCES); null when he can, or when it
   * lies on another mount.
   */
  refusesEntry(path: string, visitor: Visitor): string | null
  /**
   * Makes the file hold `contents`, owned by `owner`. False, and nothing is changed, when it does already or when the tenant has put
   * something else there: a symbolic link, a directory, a fifo, a mount, no parent directory.
   */
  write(path: string, contents: string, mode: number, owner: number): boolean
  /** Removes a file, or a symbolic link itself. False when there is none, or something else, or one cannot get there. */
  remove(path: string): boolean
  /** False, and nothing is changed, when something is there already or its parent directory is not. */
  makeDirectory(path: string, mode: number, owner: number): boolean
}

/** Ids as the node has them. */
export interface Visitor {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

/** @param root a directory, or the magic link /proc/PID/root @throws when it is not there */
export type OpenConfinedRoot = (root: string) => ConfinedRoot
