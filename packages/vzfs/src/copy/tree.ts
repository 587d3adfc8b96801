/**
 * Copies a tree that a tenant has arranged: names of any bytes, paths longer than a call takes, links that lead anywhere. Every directory is
 * entered through its open parent and never through a link; all that is in it is named through it. So no path is ever long. The tree must
 * not change meanwhile.
 */

import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  renameSync,
  unlinkSync,
} from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { type Crew, takeWork } from '../build/crew.ts'
import { VzfsError } from '../errors.ts'
import { type CopiedObject, copiedObject, type CopyHow, objectTask, finish, latin } from './object.ts'

export interface TreeCopy {
  readonly from: string
  /** An empty directory, which gives what is made in it its project. */
  readonly to: string
  /** An empty directory of the same project: where files with several names lie until all of them are there. */
  readonly spare: string
}

export interface CopySum {
  /** On disk, as the source takes them. */
  readonly bytes: number
  readonly inodes: number
}

/** As few, and the crew would only be woken up. */
const WORTH_A_CREW = 32
const MOST_OBJECTS = 1_024
const MOST_OPEN = 256
const BLOCK = 512
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NOATIME

/** @param progress how many objects are copied */
export async function copyTree(
  files: FileCalls,
  crew: Crew,
  { from, to, spare }: TreeCopy,
  how: CopyHow,
  progress: (done: number) => void,
): Promise<CopySum> {
  const waiting = openBatch(files, crew, how)
  const linked = new Map<bigint, { readonly spare: string; left: bigint }>()
  let [blocks, inodes] = [0n, 0]
  const seen = (stats: BigIntStats): void => {
    blocks += stats.blocks
    inodes += 1
  }

  const copyHere = async (here: Pair, name: string, stats: BigIntStats): Promise<void> => {
    const [source, target] = [inside(here.source, name), inside(here.target, name)]
    if (stats.nlink === 1n) {
      seen(stats)
      waiting.objects.push(copiedObject(source, target, stats))
    } else {
      const known = linked.get(stats.ino) ?? { spare: `${spare}/${stats.ino}`, left: stats.nlink }
      if (!linked.has(stats.ino)) {
        seen(stats)
        waiting.objects.push(copiedObject(source, known.spare, stats))
        linked.set(stats.ino, known)
      }
      known.left -= 1n
      waiting.names.push({ first: known.spare, name: target, last: known.left === 0n })
    }
    if (waiting.objects.length + waiting.names.length < MOST_OBJECTS) return
    await waiting.run()
    progress(inodes)
  }

  const enter = async (here: Pair): Promise<Level> => {
    const stats = fstatSync(here.source, { bigint: true })
    seen(stats)
    const directories: string[] = []
    for (const name of namesIn(here.source)) {
      const found = lstatSync(latin(inside(here.source, name)), { bigint: true })
      if (found.dev !== stats.dev)
        throw new VzfsError('unsuitable', `cannot copy ${from}: something is mounted in it; unmount it first`)
      if (found.isDirectory()) directories.push(name)
      else await copyHere(here, name, found)
    }
    return { stats, directories }
  }

  let here = waiting.open(from, to)
  try {
    const levels = [await enter(here)]
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const name = level.directories.pop()
      if (name !== undefined) {
        mkdirSync(latin(inside(here.target, name)), 0o700)
        waiting.leave(here, null)
        here = waiting.open(latin(inside(here.source, name)), latin(inside(here.target, name)))
        levels.push(await enter(here))
        // On the way down too: a tenant decides how far that is, and descriptors are the whole process's.
        if (waiting.size() >= MOST_OPEN) await waiting.run()
        continue
      }
      levels.pop()
      const parent = levels.at(-1)
      waiting.leave(here, level.stats)
      if (parent === undefined) break
      here = waiting.open(latin(inside(here.source, '..')), latin(inside(here.target, '..')))
      const { ino, dev } = fstatSync(here.source, { bigint: true })
      if (ino !== parent.stats.ino || dev !== parent.stats.dev)
        throw new VzfsError('unsuitable', `cannot copy ${from}: directories in it were moved meanwhile`)
      if (waiting.size() >= MOST_OPEN) await waiting.run()
    }
    await waiting.run()
    // Their other names are outside of the tree: of whiteouts one is in the work directory.
    for (const { spare: path, left } of linked.values()) if (left > 0n) unlinkSync(path)
    progress(inodes)
  } finally {
    waiting.close()
  }
  return { bytes: Number(blocks) * BLOCK, inodes }
}

/** A few at a time: a tenant puts millions into one directory. */
function* namesIn(directory: number): Generator<string> {
  const listed = opendirSync(`/proc/self/fd/${directory}`, { encoding: 'latin1', bufferSize: MOST_OBJECTS })
  try {
    for (let entry = listed.readSync(); entry !== null; entry = listed.readSync()) yield entry.name
  } finally {
    listed.closeSync()
  }
}

/** The same directory of both trees, open. */
interface Pair {
  readonly source: number
  readonly target: number
}

interface Level {
  readonly stats: BigIntStats
  /** Still to be entered. */
  readonly directories: string[]
}

const inside = (directory: number, name: string): string => `/proc/self/fd/${directory}/${name}`

/** What is to be done together, and the directories that must be open until it is. */
function openBatch(files: FileCalls, crew: Crew, how: CopyHow) {
  const opened = new Set<Pair>()
  const left: { readonly pair: Pair; readonly stats: BigIntStats | null }[] = []
  const objects: CopiedObject[] = []
  const names: { readonly first: string; readonly name: string; readonly last: boolean }[] = []
  const close = (pair: Pair): void => {
    opened.delete(pair)
    closeSync(pair.source)
    closeSync(pair.target)
  }
  return {
    objects,
    names,
    size: () => opened.size,
    open(from: Buffer | string, to: Buffer | string): Pair {
      const source = openSync(from, DIRECTORY)
      try {
        const pair = { source, target: openSync(to, DIRECTORY) }
        opened.add(pair)
        return pair
      } catch (error) {
        closeSync(source)
        throw error
      }
    },
    /** @param stats of the source when nothing more will be made in it */
    leave: (pair: Pair, stats: BigIntStats | null): void => void left.push({ pair, stats }),
    async run(): Promise<void> {
      const task = objectTask(objects.splice(0), how)
      if (task.count < WORTH_A_CREW) takeWork(files, task, () => {})
      else await crew.run(task, () => {})
      for (const { first, name, last } of names.splice(0)) {
        // The last name takes the spare one's place: a file system has a limit for them.
        if (last) renameSync(latin(first), latin(name))
        else linkSync(latin(first), latin(name))
      }
      for (const { pair, stats } of left.splice(0)) {
        if (stats !== null) finishDirectory(files, pair, stats, how)
        close(pair)
      }
    },
    close: () => opened.forEach(close),
  }
}

function finishDirectory(files: FileCalls, { source, target }: Pair, stats: BigIntStats, how: CopyHow): void {
  const [from, to] = [inside(source, '.'), inside(target, '.')]
  finish(files, source, latin(from), target, latin(to), copiedObject(from, to, stats), how)
}
