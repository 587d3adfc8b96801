/**
 * What the links of an area are, written down beside them by the relink that made them: `links.zst`. They never change until the next relink, so a check knows from it
 * what is missing or is another, a repair makes that again, and a collection keeps what they name though somebody has removed them. It says of itself what its digest
 * is, and for which host ids it was written: a copy of an area has others.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { FileCalls } from '@insula/kernel'
import type { Entry } from '../build/entry.ts'
import { digestOfLines } from '../build/layer-digest.ts'
import { scan } from '../build/scan.ts'
import { REDIRECT } from '../build/stub.ts'
import { type IdShift, shiftId, shiftXattr } from '../copy/shift.ts'
import { errnoOf, VzfsError } from '../errors.ts'
import { damaged, isRecord } from '../json-file.ts'
import { digestOfKey } from '../names.ts'

/** A directory, or a file of no blocks; its marks are among its attributes. */
export type RecordedLink = Pick<Entry, 'path' | 'kind' | 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'xattrs'>

export const linksRecordOf = (tree: string): string => `${tree}.zst`

const MOST_BYTES = 1 << 30

/** Durable only after a sync of the file system. @param path where nothing lies yet */
export function writeLinksRecord(files: FileCalls, tree: string, path: string, base: number): void {
  const lines = readLinks(files, tree).map(({ path: at, kind, mode, uid, gid, size, mtime, xattrs }) =>
    JSON.stringify([at, kind, mode, uid, gid, size, `${mtime}`, xattrs]),
  )
  const head = JSON.stringify({ base, digest: digestOfLines(lines) })
  writeFileSync(path, zstdCompressSync([head, ...lines].map((line) => `${line}\n`).join('')), { mode: 0o600 })
}

/** As they are, parents first. */
export const readLinks = (files: FileCalls, tree: string): Entry[] => scan(files, Buffer.from(tree), () => null)

/** null when there is none. @param base of the area that has it now @throws VzfsError damaged */
export function readLinksRecord(path: string, base: number): RecordedLink[] | null {
  const text = readText(path)
  if (text === null) return null
  const [head = '', ...lines] = text.split('\n').slice(0, -1)
  const from = baseOf(path, head, digestOfLines(lines))
  return lines.map((line) => linkOf(line, from === base ? null : { from, to: base }))
}

/** What they name of the pool; nothing when that cannot be told. */
export function digestsOfRecord(path: string): string[] {
  try {
    return (readLinksRecord(path, 0) ?? []).flatMap((link) => digestOf(link) ?? [])
  } catch (error) {
    if (error instanceof VzfsError) return []
    throw error
  }
}

/** null: a directory, or it shows a file of a layer. */
export function digestOf({ kind, xattrs }: Pick<RecordedLink, 'kind' | 'xattrs'>): string | null {
  return kind === 'file' ? digestOfKey(xattrs.find(([name]) => name === REDIRECT)?.[1] ?? '') : null
}

function readText(path: string): string | null {
  try {
    return zstdDecompressSync(readFileSync(path), { maxOutputLength: MOST_BYTES }).toString()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null
    throw damaged(path, error instanceof Error ? error.message : String(error), error)
  }
}

function baseOf(path: string, head: string, digest: string): number {
  try {
    const value: unknown = JSON.parse(head)
    if (isRecord(value) && value['digest'] === digest && typeof value['base'] === 'number') return value['base']
  } catch (error) {
    throw damaged(path, 'its first line is not JSON', error)
  }
  throw damaged(path, 'it is not what was written')
}

/** The digest fits, so it is what we wrote. */
function linkOf(line: string, shift: IdShift | null): RecordedLink {
  const [path, kind, mode, uid, gid, size, mtime, xattrs] = JSON.parse(line) as [
    string,
    'file' | 'directory',
    number,
    number,
    number,
    number,
    string,
    [string, string][],
  ]
  return {
    path,
    kind,
    mode,
    uid: shiftId(shift, uid),
    gid: shiftId(shift, gid),
    size,
    mtime: BigInt(mtime),
    xattrs: xattrs.map(([name, value]) => [name, shiftXattr(shift, name, Buffer.from(value, 'latin1')).toString('latin1')]),
  }
}
