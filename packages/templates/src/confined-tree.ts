/** Writes into a tree that will be some system's root: nothing goes through a symbolic link of that system, which would lead into ours. */

import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rm,
  rmdir,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export class ConfinedTree {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async open(root: string): Promise<ConfinedTree> {
    return new ConfinedTree(await realpath(root))
  }

  /** Replaces whatever is there. */
  async write(path: string, contents: string | Uint8Array, mode = 0o644): Promise<void> {
    const place = await this.#vacate(path)
    await writeFile(place, contents, { flag: 'wx' })
    await chmod(place, mode)
  }

  /** Replaces whatever is there. */
  async link(path: string, target: string): Promise<void> {
    await symlink(target, await this.#vacate(path))
  }

  async directory(path: string, mode: number): Promise<void> {
    await chmod(await this.#make(path), mode)
  }

  async remove(path: string): Promise<void> {
    const parent = await this.#parent(path)
    if (parent !== null) await rm(join(parent, basename(path)), { recursive: true, force: true })
  }

  /** Removes what is in the directory; nothing when it is absent or something else. */
  async clear(path: string): Promise<void> {
    for (const name of await this.names(path)) await this.remove(`${path}/${name}`)
  }

  /** Removes all but directories below the directory. */
  async clearFiles(path: string): Promise<void> {
    for (const name of await this.names(path)) {
      const inner = `${path}/${name}`
      if ((await lstat(join(this.root, inner))).isDirectory()) await this.clearFiles(inner)
      else await this.remove(inner)
    }
  }

  /** Makes an empty directory anew with its owner and mode, and without its attributes and access lists; nothing when there is none. */
  async renew(path: string): Promise<void> {
    const parent = await this.#parent(path)
    if (parent === null) return
    const place = join(parent, basename(path))
    const stats = await lstat(place).catch(() => null)
    if (!stats?.isDirectory()) return
    await rmdir(place)
    await mkdir(place)
    await chown(place, stats.uid, stats.gid)
    await chmod(place, stats.mode & 0o7777)
  }

  /** A regular file's text; null when it is absent or something else. */
  async read(path: string): Promise<string | null> {
    const place = await this.file(path)
    return place === null ? null : readFile(place, 'utf8')
  }

  /** Where a regular file really is; null when it is absent or something else. */
  async file(path: string): Promise<string | null> {
    const parent = await this.#parent(path)
    if (parent === null) return null
    const place = join(parent, basename(path))
    const stats = await lstat(place).catch(() => null)
    return stats?.isFile() ? place : null
  }

  /** Empties all regular files below the directory, and keeps their owners and modes. */
  async emptyFiles(path: string): Promise<void> {
    for (const name of await this.names(path)) {
      const inner = `${path}/${name}`
      const stats = await lstat(join(this.root, inner))
      if (stats.isDirectory()) await this.emptyFiles(inner)
      else if (stats.isFile() && stats.size > 0) await truncate(join(this.root, inner))
    }
  }

  /** Of a directory; none when it is absent or something else. */
  async names(path: string): Promise<string[]> {
    const parent = await this.#parent(path)
    if (parent === null) return []
    const place = join(parent, basename(path))
    const stats = await lstat(place).catch(() => null)
    return stats?.isDirectory() ? readdir(place) : []
  }

  async #vacate(path: string): Promise<string> {
    const place = join(await this.#make(dirname(path)), basename(path))
    await rm(place, { recursive: true, force: true })
    return place
  }

  /** The directory, made if absent, one step at a time, so that no step is made outside. */
  async #make(path: string): Promise<string> {
    let place = this.root
    for (const step of path.split('/').filter((part) => part !== '')) {
      const next = join(place, step)
      const stats = await lstat(next).catch(() => null)
      if (stats === null) await mkdir(next)
      place = await this.#inside(next)
    }
    return place
  }

  /** The real directory that holds `path`; null when there is none. */
  async #parent(path: string): Promise<string | null> {
    const parent = join(this.root, dirname(path))
    const stats = await lstat(parent).catch(() => null)
    return stats === null ? null : this.#inside(parent)
  }

  async #inside(directory: string): Promise<string> {
    const real = await realpath(directory)
    if (real === this.root || real.startsWith(`${this.root}/`)) return real
    throw new Error(`${directory} leads out of the tree, to ${real}`)
  }
}
