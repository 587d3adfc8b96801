/** Reads a finished layer back and compares it with what the tree was: nothing but the place of the contents may have changed. */

import { lstatSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { errnoOf, VzfsError } from '../errors.ts'
import { poolKey } from '../names.ts'
import { type Entry, readablePath } from './entry.ts'
import { scan } from './scan.ts'

/** @param placed digest of each file that was moved into the pool, by the path of each of its names */
export function verify(
  files: FileCalls,
  root: Buffer,
  pool: Buffer,
  before: readonly Entry[],
  placed: ReadonlyMap<string, string>,
): void {
  const after = scan(files, root)
  if (after.length !== before.length) throw unlike('', `it has ${after.length} objects instead of ${before.length}`)
  for (const [index, entry] of after.entries()) {
    const was = before[index]
    if (was === undefined || was.path !== entry.path) throw unlike(entry.path, 'it was not there before')
    for (const field of KEPT) {
      if (entry[field] !== was[field]) throw unlike(entry.path, `${field} is ${entry[field]} instead of ${was[field]}`)
    }
    if (JSON.stringify(entry.xattrs) !== JSON.stringify(was.xattrs)) throw unlike(entry.path, 'extended attributes differ')
    const digest = placed.get(entry.path) ?? was.stub
    if (entry.stub !== digest) throw unlike(entry.path, `it is a stub of ${entry.stub} instead of ${digest}`)
    if (digest !== null && poolSize(pool, digest) !== entry.size) {
      throw unlike(entry.path, `the pool does not hold its ${entry.size} bytes as ${poolKey(digest)}`)
    }
  }
}

const KEPT = [
  'kind',
  'mode',
  'uid',
  'gid',
  'size',
  'mtime',
  'links',
  'device',
  'target',
] as const satisfies readonly (keyof Entry)[]

export function poolSize(pool: Buffer, digest: string): number | null {
  try {
    return lstatSync(Buffer.concat([pool, Buffer.from(poolKey(digest))])).size
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

function unlike(path: string, why: string): VzfsError {
  return new VzfsError('damaged', `the layer does not match its tree at /${readablePath(path)}: ${why}`)
}
