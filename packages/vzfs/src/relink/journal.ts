/**
 * What is left to be done once the new links are complete: relink.json, on disk before the first step and gone after the last. Each step can be
 * done again, so whoever finds the file finishes.
 */

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { errnoOf } from '../errors.ts'
import { damaged, isRecord } from '../json-file.ts'

export interface Journal {
  /** Inode of the new links' root. */
  readonly links: string
  /** Directories of upper that lose their marks. */
  readonly unmarked: readonly Named[]
  /** Metadata copies of upper that find what they show by another path. */
  readonly redirected: readonly (Named & { readonly to: string })[]
  /** What was a link and is upper's own from now on: it moves from `own.new` to there. Directories before what is in them. */
  readonly placed: readonly (Named & { readonly from: string })[]
  /** Files of upper that are links now. */
  readonly removed: readonly Named[]
  /** Times of the directories that change. */
  readonly times: readonly { readonly path: string; readonly atime: string; readonly mtime: string }[]
}

export interface Named {
  readonly path: string
  readonly inode: string
}

export function writeJournal(path: string, journal: Journal): void {
  const staged = `${path}.new`
  const fd = openSync(staged, 'w', 0o600)
  try {
    writeFileSync(fd, JSON.stringify(journal))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(staged, path)
}

/** null: nothing is left to be done. */
export function readJournal(path: string): Journal | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
  try {
    const value: unknown = JSON.parse(text)
    // Those of an earlier version have nothing to place.
    if (isJournal(value)) return { ...value, placed: value.placed ?? [] }
  } catch (error) {
    throw damaged(path, 'it is not JSON', error)
  }
  throw damaged(path, 'it does not say what a relink has left to do')
}

const isJournal = (value: unknown): value is Omit<Journal, 'placed'> & Partial<Pick<Journal, 'placed'>> =>
  isRecord(value) &&
  typeof value['links'] === 'string' &&
  ['unmarked', 'redirected', 'removed', 'times'].every((part) => Array.isArray(value[part])) &&
  (value['placed'] === undefined || Array.isArray(value['placed']))
