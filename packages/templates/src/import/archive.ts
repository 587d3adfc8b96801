/** An archive of a root file system, unpacked by GNU tar where it can do no harm. Compression is known by the contents. */

import { ProcessFailed, type RunConfined } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'

export interface ArchiveLimits {
  readonly bytes: number
  readonly files: number
}

export interface ArchiveSize {
  readonly bytes: number
  readonly files: number
}

export interface Measured extends ArchiveSize {
  /** Names at its top, as far as they are short: enough to know what kind of archive it is. */
  readonly top: ReadonlySet<string>
}

export interface UnpackNeed {
  readonly runConfined: RunConfined
  /** Absolute. */
  readonly archive: string
  /** Empty directory. */
  readonly tree: string
  readonly signal?: AbortSignal | undefined
}

const DEADLINE_MS = 60 * 60_000
/** A name with any bytes is one line. */
const LISTED = ['--verbose', '--numeric-owner', '--quoting-style=escape'] as const
/**
 * Attributes that a system's files have. Not those in "trusted.", which would be marks of overlayfs: a file that names contents of the pool, a directory that
 * hides another.
 */
const KEPT = ['--xattrs', '--xattrs-include=user.*', '--xattrs-include=security.capability', '--acls'] as const

/** Reads it to its end and writes nothing. @throws TemplateFailed when it is no archive, or larger than the limits */
export async function measure(need: UnpackNeed, limits: ArchiveLimits): Promise<Measured> {
  let [bytes, files] = [0, 0]
  const top = new Set<string>()
  const tooLarge = new AbortController()
  const onLine = (line: string, stream: 'stdout' | 'stderr'): void => {
    if (stream === 'stderr') return
    files += 1
    bytes += sizeIn(line)
    const name = topIn(line)
    if (name !== null && top.size < MOST_TOP) top.add(name)
    if (bytes > limits.bytes || files > limits.files) tooLarge.abort()
  }
  try {
    await tar(need, ['--list', ...LISTED], onLine, tooLarge.signal)
  } catch (error) {
    if (tooLarge.signal.aborted)
      throw refused(need.archive, `it unpacks to more than ${limits.bytes >> 20} MiB or ${limits.files} files`, error)
    throw error
  }
  return { bytes, files, top }
}

/** @throws TemplateFailed; what is in `tree` then is worth nothing */
export async function unpack(need: UnpackNeed, size: ArchiveSize, progress: (done: number) => void): Promise<void> {
  let files = 0
  const onLine = (_line: string, stream: 'stdout' | 'stderr'): void => {
    if (stream === 'stdout') progress(++files / Math.max(1, size.files))
  }
  const owners = ['--same-owner', '--preserve-permissions', '--delay-directory-restore', '--no-overwrite-dir'] as const
  await tar(need, ['--extract', `--directory=${need.tree}`, ...owners, ...LISTED, ...KEPT], onLine)
}

async function tar(
  { runConfined, archive, tree, signal }: UnpackNeed,
  how: readonly string[],
  onLine: (line: string, stream: 'stdout' | 'stderr') => void,
  enough?: AbortSignal,
): Promise<void> {
  const signals = [signal, enough].filter((one) => one !== undefined)
  try {
    await runConfined(['tar', ...how, '--force-local', `--file=${archive}`], {
      writable: tree,
      deadline: DEADLINE_MS,
      onLine,
      ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
    })
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof ProcessFailed) || enough?.aborted === true) throw error
    if (/No space left on device|Disk quota exceeded/.test(error.stderr)) throw Object.assign(error, { code: 'ENOSPC' })
    throw refused(archive, reasonIn(error), error)
  }
}

const MOST_TOP = 1_000
/** What a path begins with, "./" left out. */
const topIn = (line: string): string | null => /^\S+ \S+ +\S+ \S+ \S+ (?:\.\/)*([\w.-]{1,64})(?:\/|$| )/.exec(line)?.[1] ?? null

/** "-rw-r--r-- 0/0  123 2026-01-01 00:00 name"; of a device its numbers. */
const sizeIn = (line: string): number => Number(/^-\S+ \S+ +(\d+) /.exec(line)?.[1] ?? 0)

function reasonIn(error: ProcessFailed): string {
  const lines = error.stderr
    .split('\n')
    .filter((line) => line.startsWith('tar: ') && !/Exiting with failure|from previous errors/.test(line))
  const said = lines.slice(0, 3).map((line) => line.slice('tar: '.length))
  return said.length === 0 ? error.message : said.join('; ')
}

export function refused(archive: string, why: string, cause?: unknown): TemplateFailed {
  const remedy = 'it has to be a tar archive of a root file system, plain or compressed (gzip, xz, zstd, bzip2)'
  return new TemplateFailed('unsuitable', `${archive} cannot become a template: ${why}`, remedy, { cause })
}
