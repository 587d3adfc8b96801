/**
 * Files below a root that somebody hostile may have arranged: symbolic links, fifos, huge files, links out of the root. Links are resolved
 * inside the root, only regular files are touched, and nothing here ever blocks. All calls are synchronous: they are used inside a private
 * mount namespace.
 */

export interface ConfinedRoot extends Disposable {
  /** The file's text, or null when it is absent, not a regular file, or larger than `most` bytes. */
  read(path: string, most: number): string | null
  isDirectory(path: string): boolean
  /**
   * Makes the file hold `contents`, owned by `owner`. False, and nothing is changed, when it does already or when the tenant has put
   * something else there: a symbolic link, a directory, a fifo, no parent directory.
   */
  write(path: string, contents: string, mode: number, owner: number): boolean
}

/** @param root a directory, or the magic link /proc/PID/root @throws when it is not there */
export type OpenConfinedRoot = (root: string) => ConfinedRoot
