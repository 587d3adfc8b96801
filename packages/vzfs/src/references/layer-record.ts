/**
 * What a layer was when it was built, written down beside it: every path with its metadata and the digest of its contents. It never changes, as the
 * layer does not. Collections and measurements read it in place of the tree, a check compares the tree with it, and a repair knows from it how things
 * were. The layer's digest is the digest of these lines, so a record that was damaged is not believed.
 */

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Entry, EntryKind } from '../build/entry.ts'
import { digestOfLines } from '../build/layer-digest.ts'
import { errnoOf, VzfsError } from '../errors.ts'
import { damaged } from '../json-file.ts'

/** An entry as it was. */
export interface RecordedEntry extends Pick<
  Entry,
  'path' | 'kind' | 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'device' | 'target' | 'xattrs'
> {
  /** The first of the names of this file. */
  readonly first: string
  /** Of a regular file's contents, wherever they lie. */
  readonly digest: string | null
}

/** Not more than so many bytes are unpacked: no layer has a list of that length. */
const MOST_BYTES = 1 << 30

/** Durable only after a sync of the file system, or of the file by its writer. */
export function writeRecord(path: string, lines: readonly string[]): void {
  const staged = `${path}.${randomBytes(8).toString('hex')}`
  writeFileSync(staged, zstdCompressSync(lines.map((line) => `${line}\n`).join('')), { mode: 0o600, flush: true })
  renameSync(staged, path)
}

/** null when there is none. @throws VzfsError damaged */
export function readRecord(path: string, digest: string): RecordedEntry[] | null {
  const lines = readLines(path)
  if (lines === null) return null
  if (digestOfLines(lines) !== digest) throw damaged(path, "it does not fit the layer's digest")
  return lines.map((line) => entryOf(path, line))
}

/** Whatever they are. */
export function readLines(path: string): string[] | null {
  try {
    const text = zstdDecompressSync(readFileSync(path), { maxOutputLength: MOST_BYTES }).toString()
    return text.split('\n').slice(0, -1)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    if (error instanceof VzfsError) throw error
    throw damaged(path, error instanceof Error ? error.message : String(error), error)
  }
}

/** The digest fits, so it is what we wrote. */
function entryOf(path: string, line: string): RecordedEntry {
  const fields: unknown = JSON.parse(line)
  if (!Array.isArray(fields) || fields.length !== FIELDS) throw damaged(path, `it has the line ${line.slice(0, 80)}`)
  const [name, first, kind, mode, uid, gid, size, mtime, device, target, xattrs, digest] = fields as [
    string,
    string,
    EntryKind,
    number,
    number,
    number,
    number,
    string,
    number,
    string,
    [string, string][],
    string,
  ]
  const times = { mtime: BigInt(mtime) }
  return {
    path: name,
    first,
    kind,
    mode,
    uid,
    gid,
    size,
    ...times,
    device,
    target,
    xattrs,
    digest: digest === '' ? null : digest,
  }
}

const FIELDS = 12
