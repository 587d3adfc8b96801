import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SetupFailed } from '../work.ts'
import { DEFAULT_SIZE, sizeOf } from './volume.ts'

const GIB = 1024 ** 3

test('a new volume has the size that is wanted; of one that is there no other can be wanted', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'insula-volume-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const image = join(directory, 'volume.xfs')
  assert.deepEqual([sizeOf(image, undefined), sizeOf(image, 5 * GIB)], [DEFAULT_SIZE, 5 * GIB])
  writeFileSync(image, '')
  truncateSync(image, 2 * GIB)
  assert.deepEqual([sizeOf(image, undefined), sizeOf(image, 2 * GIB)], [2 * GIB, 2 * GIB])
  assert.throws(
    () => sizeOf(image, 5 * GIB),
    (error) => error instanceof SetupFailed && /with 2G; --size 5G is for a new one/.test(error.message) && error.remedy !== '',
  )
})
