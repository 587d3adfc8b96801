/**
 * What users and groups inside an area may have, as it was wanted: quota.json beside the area's private directories. The file system's own limits
 * follow from it. They could not be the only place: while an area's quota is off the file system must not know them, and a volume can lose its
 * quota.
 *
 * Written by more than one process, each of them quickly and in its own thread: under a lock on the area's directory, by one rename.
 */

import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { FileCalls, GraceEnds, QuotaGrace, QuotaLimits } from '@insula/kernel'
import { errnoOf, VzfsError } from '../errors.ts'
import { damaged, isRecord } from '../json-file.ts'
import { IDS } from './ids.ts'

export interface IdSettings {
  /** How many users and groups may have limits. 0: there is no quota for them. */
  readonly accounted: number
  readonly user: KindSettings
  readonly group: KindSettings
}

export interface KindSettings {
  readonly enforced: boolean
  /** Null: that of the volume. */
  readonly grace: QuotaGrace | null
  /** By id inside. */
  readonly limited: Readonly<Record<string, LimitedId>>
  /** Not all limits of the file system follow from this yet: they were too many to be changed at once. */
  readonly unapplied?: true
}

export interface LimitedId {
  readonly limits: QuotaLimits
  /** Ends of grace as they were set here, not by the file system. */
  readonly ends?: Partial<GraceEnds>
}

export const NOTHING: KindSettings = { enforced: true, grace: null, limited: {} }
export const NO_ID_SETTINGS: IdSettings = { accounted: 0, user: NOTHING, group: NOTHING }

const NAME = 'quota.json'
/** Another name of the last one of which it is known that it is on disk: of one that is not, a power failure leaves an empty file. */
const KEPT = 'quota.json.kept'
/** The kernel writes to disk within half of it what nobody waits for. */
const SAFE_MS = 60_000
const LOCK_LOOKS = 1_000
const LOCK_POLL_MS = 1

export interface SettingsFile {
  /** @throws VzfsError damaged, area_unknown */
  read(): IdSettings
  /** Reads, changes, writes, then does what follows from it, with nobody between. The same settings from `change`: nothing is written. */
  change(change: (settings: IdSettings) => IdSettings, then?: (settings: IdSettings) => void): IdSettings
  /** The last settings that are known to be on disk, of whatever age. Null: there are none, or they are damaged too. */
  kept(): IdSettings | null
  /** Puts a damaged file aside, as quota.json.damaged, and these settings in its place. */
  reset(settings: IdSettings): void
}

/** @param durable on disk when `change` returns, which can take long on a busy disk */
export function settingsFile(files: Pick<FileCalls, 'lock'>, directory: string, durable: boolean): SettingsFile {
  const path = join(directory, NAME)
  const keptPath = join(directory, KEPT)
  let known: { readonly identity: string; readonly settings: IdSettings } | null = null
  const read = (): IdSettings => {
    const identity = identityOf(path)
    if (identity === null) return NO_ID_SETTINGS
    if (known?.identity !== identity) known = { identity, settings: parse(path, readFileSync(path, 'utf8')) }
    return known.settings
  }
  const alone = <T>(body: () => T): T => {
    const lock = openDirectory(directory)
    try {
      takeLock(files, lock, directory)
      return body()
    } finally {
      closeSync(lock)
    }
  }
  /** Under the lock. What is returned puts it on disk and needs none: who waits for a disk keeps nobody from going on. */
  const put = (settings: IdSettings): (() => void) => {
    if (!durable && isSafe(path)) keep(path, keptPath)
    const file = write(path, settings)
    if (!durable) {
      closeSync(file)
      return () => undefined
    }
    const staged = `${keptPath}.sure`
    linkAs(path, staged)
    return () => {
      try {
        fsyncSync(file)
        renameAs(staged, keptPath)
        fsyncDirectory(directory)
      } finally {
        closeSync(file)
      }
    }
  }
  return {
    read,
    change(change, then) {
      let onDisk = (): void => undefined
      try {
        return alone(() => {
          const before = read()
          const after = change(before)
          if (after !== before) {
            onDisk = put(after)
            const identity = identityOf(path)
            if (identity !== null) known = { identity, settings: after }
          }
          then?.(after)
          return after
        })
      } finally {
        onDisk()
      }
    },
    kept() {
      try {
        return parse(keptPath, readFileSync(keptPath, 'utf8'))
      } catch {
        return null
      }
    },
    reset(settings) {
      const onDisk = alone(() => {
        if (identityOf(path) !== null) renameSync(path, `${path}.damaged`)
        return put(settings)
      })
      onDisk()
    },
  }
}

/** Each change is another file. Null: there is none. */
function identityOf(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found ? `${found.ino} ${found.ctimeNs} ${found.size}` : null
}

/** Open, for who wants it on disk. */
function write(path: string, settings: IdSettings): number {
  const staged = `${path}.new`
  const file = openSync(staged, 'w', 0o600)
  try {
    writeFileSync(file, JSON.stringify(settings))
    renameSync(staged, path)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function isSafe(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found !== undefined && Date.now() - found.mtimeMs > SAFE_MS
}

function keep(path: string, kept: string): void {
  linkAs(path, `${kept}.new`)
  renameAs(`${kept}.new`, kept)
}

function linkAs(path: string, name: string): void {
  rmSync(name, { force: true })
  linkSync(path, name)
}

function renameAs(from: string, to: string): void {
  renameSync(from, to)
  // Two names of one file are both left.
  rmSync(from, { force: true })
}

function fsyncDirectory(directory: string): void {
  const fd = openDirectory(directory)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function openDirectory(directory: string): number {
  try {
    return openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw new VzfsError('area_unknown', `there is no area at ${directory}`, { cause: error })
  }
}

/** Who holds it has little to do, or has died. */
function takeLock(files: Pick<FileCalls, 'lock'>, fd: number, directory: string): void {
  for (let look = 0; look < LOCK_LOOKS; look += 1) {
    if (files.lock(fd)) return
    Atomics.wait(CLOCK, 0, 0, LOCK_POLL_MS)
  }
  throw new VzfsError(
    'volume_in_use',
    `the quota of ${directory} cannot be changed: another process has had it locked for a second`,
  )
}

const CLOCK = new Int32Array(new SharedArrayBuffer(4))

function parse(path: string, text: string): IdSettings {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(path, 'it is not JSON', error)
  }
  if (!isSettings(value)) throw damaged(path, 'it does not say what users and groups may have')
  return value
}

const isSettings = (value: unknown): value is IdSettings =>
  isRecord(value) && isCount(value['accounted']) && isKind(value['user']) && isKind(value['group'])

const isKind = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value['enforced'] === 'boolean' &&
  (value['grace'] === null || hasCounts(value['grace'], ['bytes', 'inodes'], false)) &&
  (value['unapplied'] === undefined || value['unapplied'] === true) &&
  isRecord(value['limited']) &&
  Object.entries(value['limited']).every(
    ([id, one]) => isId(id) && isRecord(one) && hasCounts(one['limits'], LIMITS, true) && hasEnds(one['ends']),
  )

const LIMITS = ['bytesSoft', 'bytesHard', 'inodesSoft', 'inodesHard'] as const

/** A wrong one would be somebody else's on the file system. */
const isId = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) < IDS

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0

const hasCounts = (value: unknown, names: readonly string[], orNull: boolean): boolean =>
  isRecord(value) && names.every((name) => (orNull && value[name] === null) || isCount(value[name]))

const hasEnds = (value: unknown): boolean => value === undefined || (isRecord(value) && Object.values(value).every(isCount))
