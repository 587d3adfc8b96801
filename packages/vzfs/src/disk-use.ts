/**
 * What a tree that a tenant owns takes on disk, while the tenant may be changing it. Every directory is entered through its open
 * parent and never through a symbolic link, so nothing outside is counted and no depth is too deep; only one directory is open at a time.
 */

import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises'
import { errnoOf } from './errors.ts'

export interface DiskUse {
  readonly bytes: number
  readonly inodes: number
}

/** stat(2) counts blocks of this size, whatever the file system's is. */
const BLOCK = 512
const AT_ONCE = 32
const LISTED = 1_024
const ATTEMPTS = 5

/**
 * Sees each thing below, a directory before what is in it, by a path that leads to it whatever its name and depth, while that is being measured.
 * `relative` is its path below the tree, one byte per character; with directories in one another, all of these together are longer than memory, so who keeps
 * something of each has `directory`, the inode that it lies in. An error that says that it is gone by now means nothing else.
 */
export type Visit = (path: Buffer, stats: BigIntStats, relative: string, directory: bigint) => void

export async function diskUse(path: string, visit: Visit = () => undefined): Promise<DiskUse> {
  for (let attempt = 1; ; attempt++) {
    const use = await measure(path, visit)
    if (use !== null) return use
    if (attempt === ATTEMPTS) throw new NeverStill(path)
  }
}

/** Whoever owns the tree sees to it that nobody can look through it. Nothing is wrong with it. */
export class NeverStill extends Error {
  override readonly name = 'NeverStill'

  constructor(path: string) {
    super(`cannot measure ${path}: directories in it are moved faster than they can be read`)
  }
}

interface Level {
  readonly device: bigint
  readonly inode: bigint
  readonly directories: string[]
  /** Relative, with a slash at its end; "" for the tree itself. */
  readonly prefix: string
}

/** null when a directory was moved away while one below it was being read. */
async function measure(path: string, visit: Visit): Promise<DiskUse | null> {
  const sum: Sum = { blocks: 0n, inodes: 0, linked: new Set(), visit }
  let here = await openDirectory(Buffer.from(path))
  if (here === null) return { bytes: 0, inodes: 0 }
  try {
    const root = await here.stat({ bigint: true })
    count(root, sum)
    const levels: Level[] = [await readLevel(here, root, sum, '')]
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const name = level.directories.pop()
      if (name !== undefined) {
        const child: FileHandle | null = await openDirectory(inside(here, name))
        if (child === null) continue
        await here.close()
        here = child
        levels.push(await readLevel(here, await here.stat({ bigint: true }), sum, `${level.prefix}${name}/`))
        continue
      }
      levels.pop()
      const parent = levels.at(-1)
      if (parent === undefined) break
      const up: FileHandle | null = await openDirectory(inside(here, '..'))
      if (up === null) return null
      await here.close()
      here = up
      const found = await here.stat({ bigint: true })
      if (found.ino !== parent.inode || found.dev !== parent.device) return null
    }
    return { bytes: Number(sum.blocks) * BLOCK, inodes: sum.inodes }
  } finally {
    await here.close()
  }
}

interface Sum {
  blocks: bigint
  inodes: number
  /** Inodes with several names, which count once. */
  readonly linked: Set<bigint>
  readonly visit: Visit
}

async function readLevel(here: FileHandle, stats: BigIntStats, sum: Sum, prefix: string): Promise<Level> {
  const directories: string[] = []
  for await (const names of namesIn(here)) {
    const found = await Promise.all(names.map((name) => statOrGone(inside(here, name))))
    for (const [index, entry] of found.entries()) {
      const name = names[index]
      if (entry === null || name === undefined) continue
      count(entry, sum)
      try {
        sum.visit(inside(here, name), entry, prefix + name, stats.ino)
      } catch (error) {
        if (!GONE.has(errnoOf(error) ?? '')) throw error
        continue
      }
      if (entry.isDirectory()) directories.push(name)
    }
  }
  return { device: stats.dev, inode: stats.ino, directories, prefix }
}

/** A few at a time: a tenant puts millions into one directory. */
async function* namesIn(here: FileHandle): AsyncGenerator<string[]> {
  let names: string[] = []
  for await (const { name } of await opendir(`/proc/self/fd/${here.fd}`, { encoding: 'latin1', bufferSize: LISTED })) {
    names.push(name)
    if (names.length < AT_ONCE) continue
    yield names
    names = []
  }
  yield names
}

function count(stats: BigIntStats, sum: Sum): void {
  if (!stats.isDirectory() && stats.nlink > 1n) {
    if (sum.linked.has(stats.ino)) return
    sum.linked.add(stats.ino)
  }
  sum.blocks += stats.blocks
  sum.inodes++
}

const inside = (directory: FileHandle, name: string): Buffer => Buffer.from(`/proc/self/fd/${directory.fd}/${name}`, 'latin1')

async function openDirectory(path: Buffer): Promise<FileHandle | null> {
  try {
    // fs.promises.open wants a string or Buffer; flags keep it from following a link or waiting on a fifo.
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (GONE.has(errnoOf(error) ?? '')) return null
    throw error
  }
}

async function statOrGone(path: Buffer): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (GONE.has(errnoOf(error) ?? '')) return null
    throw error
  }
}

/** The tenant removed it, or put something else there, since we read its name. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])
