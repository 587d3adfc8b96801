/**
 * What the kernel's dm-log-writes wrote down: every write to a disk, in the order in which it could no longer be lost, and marks of whoever worked meanwhile.
 *
 *   sector 0     magic, version, number of entries (64 bits each), bytes of a sector (32)
 *   then, for each entry:
 *     a sector   where, how many sectors, flags, bytes of a mark (64 bits each), the mark's text
 *     sectors    what was written; none of what was discarded
 *
 * Numbers are little-endian. Documentation/admin-guide/device-mapper/log-writes.rst
 */

/** Reads so many bytes from there. @throws when there are fewer */
export type ReadAt = (at: number, length: number) => Buffer

export interface LoggedWrite {
  /** Bytes from the beginning of the disk. */
  readonly at: number
  readonly length: number
  /** Where they lie in the log; null: they were discarded. */
  readonly bytesAt: number | null
  /** Whatever was written before is on the disk then (FLUSH), or this is (FUA). */
  readonly settles: boolean
  /** Said by whoever worked on the disk; null of a write. */
  readonly mark: string | null
}

const MAGIC = 0x6a736677736872n
const VERSION = 1n
const [FLUSH, FUA, DISCARD, MARK] = [1n, 2n, 4n, 8n] as const
const HEADER = 32
const LEAST_SECTOR = 512
/** The kernel writes it when the device is removed. Without it the log was full or is still being written. */
const END = 'dm-log-writes-end'

/** @throws when it is no log, or not all of one */
export function readWriteLog(readAt: ReadAt): LoggedWrite[] {
  const head = readAt(0, HEADER)
  if (head.readBigUInt64LE(0) !== MAGIC) throw new Error('this is no log of dm-log-writes: its magic number is another')
  if (head.readBigUInt64LE(8) !== VERSION) throw new Error(`the log is of version ${head.readBigUInt64LE(8)}, not ${VERSION}`)
  const sector = head.readUInt32LE(24)
  if (sector < LEAST_SECTOR) throw new Error(`the log has sectors of ${sector} bytes`)
  const found: LoggedWrite[] = []
  let at = sector
  for (let left = Number(head.readBigUInt64LE(16)); left > 0; left--) {
    const entry = readAt(at, sector)
    const [where, sectors, flags, textBytes] = [0, 8, 16, 24].map((offset) => entry.readBigUInt64LE(offset)) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ]
    const discarded = (flags & DISCARD) !== 0n
    const length = Number(sectors) * sector
    found.push({
      at: Number(where) * sector,
      length,
      bytesAt: discarded || length === 0 ? null : at + sector,
      settles: (flags & (FLUSH | FUA)) !== 0n,
      mark: (flags & MARK) === 0n ? null : entry.toString('utf8', HEADER, HEADER + Number(textBytes)),
    })
    at += sector + (discarded ? 0 : length)
  }
  if (found.at(-1)?.mark !== END) throw new Error('the log has no end: it was too small, or the device is still there')
  return found.slice(0, -1)
}

/** What a disk is written to. */
export interface ReplayTarget {
  write(bytes: Buffer, at: number): void
  zero(at: number, length: number): void
}

export function replay(entry: LoggedWrite, readAt: ReadAt, target: ReplayTarget): void {
  if (entry.mark !== null || entry.length === 0) return
  if (entry.bytesAt === null) target.zero(entry.at, entry.length)
  else target.write(readAt(entry.bytesAt, entry.length), entry.at)
}

/**
 * How many entries are on the disk at each moment that is worth a look: after what settles and at marks, as many as asked for. Those around marks first, because
 * there one thing has ended and another begins; the others evenly spread.
 */
export function momentsOf(entries: readonly LoggedWrite[], from: number, most: number): number[] {
  const settled = entries.flatMap(({ settles }, index) => (settles && index >= from ? [index + 1] : []))
  const marks = entries.flatMap(({ mark }, index) => (mark !== null && index >= from ? [index + 1] : []))
  const around = marks.flatMap((mark) => [mark, settled.find((moment) => moment > mark) ?? mark])
  const chosen = new Set(spread(around, Math.floor(most / 2)))
  for (const moment of spread(
    settled.filter((one) => !chosen.has(one)),
    most - chosen.size,
  ))
    chosen.add(moment)
  return [...chosen].toSorted((a, b) => a - b)
}

function spread(all: readonly number[], most: number): number[] {
  const count = Math.min(all.length, most)
  return Array.from({ length: count }, (_, nth) => all[Math.floor(((nth + 0.5) * all.length) / count)] ?? 0)
}
