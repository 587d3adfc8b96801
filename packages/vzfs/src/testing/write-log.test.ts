import assert from 'node:assert/strict'
import { test } from 'node:test'
import { momentsOf, type ReadAt, readWriteLog, replay } from './write-log.ts'

const SECTOR = 512
const [FLUSH, FUA, DISCARD, MARK] = [1, 2, 4, 8] as const

interface Written {
  readonly at?: number
  readonly sectors?: number
  readonly flags?: number
  readonly data?: Buffer
  readonly mark?: string
}

function logOf(entries: readonly Written[], head: { magic?: bigint; version?: bigint; sector?: number } = {}): Buffer {
  const sector = head.sector ?? SECTOR
  const first = Buffer.alloc(sector)
  first.writeBigUInt64LE(head.magic ?? 0x6a736677736872n, 0)
  first.writeBigUInt64LE(head.version ?? 1n, 8)
  first.writeBigUInt64LE(BigInt(entries.length), 16)
  first.writeUInt32LE(sector, 24)
  return Buffer.concat([
    first,
    ...entries.flatMap(({ at = 0, sectors = 0, flags = 0, data, mark = '' }) => {
      const entry = Buffer.alloc(sector)
      const numbers = [at, sectors, flags, Buffer.byteLength(mark)]
      for (const [index, number] of numbers.entries()) entry.writeBigUInt64LE(BigInt(number), index * 8)
      entry.write(mark, 32)
      return data === undefined ? [entry] : [entry, data]
    }),
  ])
}

const END = { flags: MARK, mark: 'dm-log-writes-end' }
const reading =
  (log: Buffer): ReadAt =>
  (at, length) => {
    assert.ok(at + length <= log.length, 'read beyond the end')
    return log.subarray(at, at + length)
  }
const filled = (sectors: number, byte: number, sector = SECTOR): Buffer => Buffer.alloc(sectors * sector, byte)

test('writes, marks and discards come out in their order, whatever a sector is', () => {
  for (const sector of [512, 4096]) {
    const log = logOf(
      [
        { at: 3, sectors: 2, data: filled(2, 1, sector) },
        { flags: FLUSH },
        { flags: MARK, mark: 'begun: ü' },
        { at: 4, sectors: 1, flags: FUA, data: filled(1, 2, sector) },
        { at: 3, sectors: 1_000, flags: DISCARD },
        END,
      ],
      { sector },
    )
    const entries = readWriteLog(reading(log))
    assert.deepEqual(
      entries.map(({ at, length, settles, mark }) => [at / sector, length / sector, settles, mark]),
      [
        [3, 2, false, null],
        [0, 0, true, null],
        [0, 0, false, 'begun: ü'],
        [4, 1, true, null],
        [3, 1_000, false, null],
      ],
    )
    assert.equal(entries[4]?.bytesAt, null)
    const disk = filled(8, 9, sector)
    for (const entry of entries.slice(0, 4))
      replay(entry, reading(log), {
        write: (bytes, at) => bytes.copy(disk, at),
        zero: () => assert.fail('nothing is discarded yet'),
      })
    assert.deepEqual(
      [...Array(8).keys()].map((nth) => disk[nth * sector]),
      [9, 9, 9, 1, 2, 9, 9, 9],
    )
    const zeroed: number[] = []
    for (const entry of entries.slice(4))
      replay(entry, reading(log), { write: () => assert.fail('it is a discard'), zero: (...range) => zeroed.push(...range) })
    assert.deepEqual(zeroed, [3 * sector, 1_000 * sector])
  }
})

test('what is no log, or not all of one, is refused', () => {
  const refuses = (log: Buffer, why: RegExp): void => assert.throws(() => readWriteLog(reading(log)), why)
  refuses(logOf([END], { magic: 7n }), /its magic number is another/)
  refuses(logOf([END], { version: 2n }), /of version 2/)
  refuses(logOf([{ flags: FLUSH }]), /has no end/)
  refuses(logOf([]), /has no end/)
  refuses(logOf([END]).subarray(0, SECTOR), /read beyond the end/)
})

test('moments are after flushes and around marks, as many as are asked for, in their order', () => {
  const writes = Array.from({ length: 100 }, (_, nth): Written => {
    if (nth % 25 === 24) return { flags: MARK, mark: `${nth}` }
    return { flags: nth % 5 === 0 ? FLUSH : 0 }
  })
  const entries = readWriteLog(reading(logOf([...writes, END])))
  const all = momentsOf(entries, 0, 1_000)
  assert.deepEqual(
    all,
    [...entries.keys()].flatMap((nth) => (nth % 5 === 0 || nth % 25 === 24 ? [nth + 1] : [])),
  )
  const some = momentsOf(entries, 40, 8)
  assert.equal(some.length, 8)
  assert.ok(some.every((moment) => moment > 40 && all.includes(moment)))
  assert.deepEqual(
    some,
    some.toSorted((a, b) => a - b),
  )
  assert.ok(some.includes(50) || some.includes(51), 'around a mark')
})
