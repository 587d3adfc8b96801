/** How an entry of a layer differs from what it was. */

import { closeSync, constants, openSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'
import { type Entry, entryPath } from '../build/entry.ts'
import { METACOPY, REDIRECT } from '../build/stub.ts'
import { poolKey } from '../names.ts'
import type { RecordedEntry } from '../references/layer-record.ts'
import type { DamageKind } from '../reports.ts'

export interface Difference {
  readonly kind: DamageKind
  readonly problem: string
}

export function* differences(
  files: FileCalls,
  root: Buffer,
  was: RecordedEntry,
  now: Entry,
  first: string,
): Generator<Difference> {
  if (was.kind !== now.kind) {
    yield { kind: 'entry', problem: `it is a ${now.kind} instead of a ${was.kind}` }
    return
  }
  const marked = now.xattrs.some(([name]) => name === METACOPY || name === REDIRECT)
  // A smaller file may be a stub, when the layer was made of another one.
  const stub = was.digest !== null && (was.size >= SHARED_FROM_BYTES || now.stub !== null || marked)
  if (stub) yield* stubDifferences(files, root, was, now)
  else if (was.kind === 'file' && was.size !== now.size)
    yield { kind: 'small-file', problem: `it has ${now.size} bytes instead of ${was.size}` }
  if (first !== was.first) yield { kind: 'entry', problem: 'it is not the same file as its other names' }
  for (const field of FIELDS) {
    if (was[field] !== now[field])
      yield {
        kind: field === 'target' || field === 'device' ? 'entry' : 'metadata',
        problem: `${field} is ${shown(field, now)} instead of ${shown(field, was)}`,
      }
  }
  if (!sameXattrs(was, now)) yield { kind: 'metadata', problem: 'its extended attributes are others' }
}

const FIELDS = ['mode', 'uid', 'gid', 'mtime', 'device', 'target'] as const

function* stubDifferences(files: FileCalls, root: Buffer, was: RecordedEntry, now: Entry): Generator<Difference> {
  const broken = (problem: string): Difference => ({ kind: 'stub', problem })
  const names = new Map(now.xattrs)
  if (now.stub === null && !names.has(METACOPY)) yield broken(`its mark as a stub, ${METACOPY}, is missing`)
  else if (now.stub === null)
    yield broken(
      `${REDIRECT} is ${names.has(REDIRECT) ? JSON.stringify(names.get(REDIRECT)) : 'missing'}, which names no contents`,
    )
  else if (now.stub !== was.digest)
    yield broken(`it names the contents ${poolKey(now.stub)} instead of ${poolKey(was.digest ?? '')}`)
  if (now.size !== was.size) yield broken(`it has ${now.size} bytes instead of ${was.size}`)
  if (holdsData(files, entryPath(root, now.path))) yield broken('it holds data of its own')
}

export function holdsData(files: FileCalls, path: Buffer): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return files.nextData(fd, 0) !== null
  } finally {
    closeSync(fd)
  }
}

function sameXattrs(was: RecordedEntry, now: Entry): boolean {
  const own = now.xattrs.filter(([name]) => name !== METACOPY && name !== REDIRECT)
  return JSON.stringify(own) === JSON.stringify(was.xattrs)
}

function shown(field: (typeof FIELDS)[number], entry: RecordedEntry | Entry): string {
  if (field === 'mode') return entry.mode.toString(8).padStart(4, '0')
  return field === 'target' ? JSON.stringify(Buffer.from(entry.target, 'latin1').toString()) : `${entry[field]}`
}
