/**
 * Deletion in the background. What is to go is renamed into the trash, which is atomic and quick, and deleted from there piece by piece;
 * pieces left over by a crash are found there at the next start.
 *
 * The trees were arranged by tenants: paths may be longer than the kernel takes in one call, and directories may become symbolic links
 * while we look. So no path is ever longer than one name below the trash (subdirectories are first renamed up into the trash
 * itself), and no link is followed (O_NOFOLLOW, then everything through the open directory).
 */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errnoOf } from './errors.ts'

/** Deletions under way at once: enough to keep the pool's threads busy, few enough to let others in between. */
const AT_ONCE = 16

export class Trash {
  readonly #path: string
  readonly #warn: (message: string) => void
  readonly #released: (owner: number) => void
  /** How many things of each owner are still to be deleted. */
  readonly #held = new Map<number, number>()
  #last: Promise<void> = Promise.resolve()

  /** @param released told when the last thing of an owner is gone */
  constructor(path: string, warn: (message: string) => void, released: (owner: number) => void = () => undefined) {
    this.#path = path
    this.#warn = warn
    this.#released = released
  }

  /**
   * Renames `path` (on the same file system) into the trash and has it deleted. False when there is nothing of that name.
   * @param owner whose it is, for `owners`
   */
  async discard(path: string, owner?: number): Promise<boolean> {
    const name = `${owner === undefined ? basename(path) : `${OWNED}${owner}`}.${randomBytes(8).toString('hex')}`
    this.#hold(name)
    try {
      await rename(path, join(this.#path, name))
    } catch (error) {
      this.#release(name)
      if (errnoOf(error) === 'ENOENT') return false
      throw error
    }
    this.#enqueue(name)
    return true
  }

  /** Owners of whom something is not deleted yet, also what an earlier process discarded. */
  owners(): ReadonlySet<number> {
    return new Set(this.#held.keys())
  }

  /** Deletes what lies in the trash now. */
  async empty(): Promise<void> {
    for (const name of await readdir(this.#path)) {
      this.#hold(name)
      this.#enqueue(name)
    }
  }

  /** Resolves when nothing is left to delete; never rejects. */
  idle(): Promise<void> {
    return this.#last
  }

  #hold(name: string): void {
    const owner = ownerOf(name)
    if (owner !== null) this.#held.set(owner, (this.#held.get(owner) ?? 0) + 1)
  }

  #release(name: string): void {
    const owner = ownerOf(name)
    if (owner === null) return
    const left = (this.#held.get(owner) ?? 1) - 1
    if (left > 0) return void this.#held.set(owner, left)
    this.#held.delete(owner)
    this.#released(owner)
  }

  #enqueue(name: string): void {
    this.#last = this.#last.then(async () => {
      try {
        await deleteTree(this.#path, name)
        this.#release(name)
      } catch (error) {
        this.#warn(`cannot delete ${join(this.#path, name)}: ${String(error)}; it is tried again when the volume is opened next`)
      }
    })
  }
}

const OWNED = 'of-'

/** A name in the same manner for what is being made for an owner: were it cut off, the trash would know whose it is. */
export const ownedName = (owner: number): string => `${OWNED}${owner}.${randomBytes(8).toString('hex')}`

/** Whose it is, from its name, which all pieces of it share. */
export function ownerOf(name: string): number | null {
  const [, owner] = /^of-(\d+)\./.exec(name) ?? []
  return owner === undefined ? null : Number(owner)
}

async function deleteTree(trash: string, name: string): Promise<void> {
  const pending = [name]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await deleteOne(trash, next, pending)
  }
}

const partPrefix = (name: string): string => (ownerOf(name) === null ? '' : `${OWNED}${ownerOf(name)}.`)

/** Deletes a file, or a directory whose subdirectories it moves up and adds to `pending`. */
async function deleteOne(trash: string, name: string, pending: string[]): Promise<void> {
  const path = join(trash, name)
  let directory
  try {
    directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT') return
    if (code !== 'ENOTDIR' && code !== 'ELOOP') throw error
    await unlink(path)
    return
  }
  try {
    const here = `/proc/self/fd/${directory.fd}/`
    const entries = await readdir(here, { encoding: 'latin1', withFileTypes: true })
    for (let start = 0; start < entries.length; start += AT_ONCE) {
      await Promise.all(
        entries.slice(start, start + AT_ONCE).map(async (entry) => {
          const inside = Buffer.from(here + entry.name, 'latin1')
          if (!entry.isDirectory()) return unlink(inside)
          const moved = `${partPrefix(name)}${randomBytes(8).toString('hex')}.part`
          await rename(inside, join(trash, moved))
          pending.push(moved)
        }),
      )
    }
  } finally {
    await directory.close()
  }
  await rmdir(path)
}
