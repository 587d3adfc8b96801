import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type IdSettings, NO_ID_SETTINGS, settingsFile } from './settings.ts'

const scratch = mkdtempSync('/tmp/insula-settings-')
after(() => rmSync(scratch, { recursive: true }))
const free = { lock: () => true }
const directory = (): string => mkdtempSync(join(scratch, 'area-'))

test('where nothing was written nothing is limited, and nothing is written by a change that changes nothing', () => {
  const place = directory()
  const file = settingsFile(free, place, true)
  assert.deepEqual(file.read(), NO_ID_SETTINGS)
  file.change((settings) => settings)
  assert.throws(() => readFileSync(join(place, 'quota.json')), /ENOENT/)
})

test('what one writes another reads, at once', () => {
  const place = directory()
  const [one, other] = [settingsFile(free, place, true), settingsFile(free, place, false)]
  for (let accounted = 1; accounted < 50; accounted++) {
    const [writer, reader] = accounted % 2 ? [one, other] : [other, one]
    assert.equal(writer.change((settings) => ({ ...settings, accounted })).accounted, accounted)
    assert.equal(reader.read().accounted, accounted)
  }
})

test('a change waits for its turn, and gives up on who never ends', () => {
  let looks = 0
  const file = settingsFile({ lock: () => (looks += 1) > 3 }, directory(), false)
  file.change((settings) => ({ ...settings, accounted: 3 }))
  assert.equal(looks, 4)
  assert.throws(
    () => settingsFile({ lock: () => false }, directory(), false).change((settings) => settings),
    /locked for a second/,
  )
})

const kind = { enforced: true, grace: null, limited: {} }
const limits = { bytesSoft: null, bytesHard: 1, inodesSoft: null, inodesHard: null }
/** Ids and numbers that would be somebody else's, or nobody's. */
const wrong = [
  { ...kind, limited: { 70000: { limits } } },
  { ...kind, limited: { '-5': { limits } } },
  { ...kind, limited: { 5: { limits: { ...limits, bytesHard: -1 } } } },
  { ...kind, limited: { 5: { limits: { ...limits, bytesHard: 1.5 } } } },
  { ...kind, grace: { bytes: null, inodes: 1 } },
].map((user) => JSON.stringify({ accounted: 1, user, group: kind }))

test('a damaged file is told by its name, and left as it is', () => {
  const place = directory()
  const path = join(place, 'quota.json')
  const file = settingsFile(free, place, true)
  for (const text of ['', '{', '{}', '{"accounted":1,"user":{},"group":{}}', '[]', 'null', ...wrong]) {
    writeFileSync(path, text)
    assert.throws(() => file.read(), new RegExp(`${path} is damaged`), text)
    assert.throws(() => file.change((settings) => ({ ...settings, accounted: 1 })), /is damaged/)
    assert.equal(readFileSync(path, 'utf8'), text)
  }
})

test('a damaged file can be put aside', () => {
  const place = directory()
  writeFileSync(join(place, 'quota.json'), '{')
  const file = settingsFile(free, place, true)
  file.reset({ ...NO_ID_SETTINGS, accounted: 9 })
  assert.equal(file.read().accounted, 9)
  assert.equal(readFileSync(join(place, 'quota.json.damaged'), 'utf8'), '{')
})

test('what is on disk for certain is kept beside what may not be yet', () => {
  const place = directory()
  const [durable, quick] = [settingsFile(free, place, true), settingsFile(free, place, false)]
  const path = join(place, 'quota.json')
  const accounted = (count: number) => (settings: IdSettings) => ({ ...settings, accounted: count })
  assert.equal(durable.kept(), null)
  durable.change(accounted(1))
  for (let count = 2; count < 9; count++) quick.change(accounted(count))
  assert.equal(durable.kept()?.accounted, 1)
  // By a power failure: another file of this name, which is empty. As XFS leaves it.
  rmSync(path)
  writeFileSync(path, '')
  assert.throws(() => durable.read(), /is damaged/)
  assert.equal(quick.kept()?.accounted, 1)
  durable.reset({ ...NO_ID_SETTINGS, accounted: 5 })
  assert.deepEqual([durable.read().accounted, durable.kept()?.accounted], [5, 5])
  // One that has stood for long is on disk, whoever wrote it.
  quick.change(accounted(6))
  utimesSync(path, 1, 1)
  quick.change(accounted(7))
  quick.change(accounted(8))
  assert.deepEqual([quick.read().accounted, quick.kept()?.accounted], [8, 6])
  assert.deepEqual(readdirSync(place).toSorted(), ['quota.json', 'quota.json.damaged', 'quota.json.kept'])
})

test('an area that is gone is told so', () => {
  assert.throws(() => settingsFile(free, join(scratch, 'none'), true).change((settings) => settings), { code: 'area_unknown' })
})
