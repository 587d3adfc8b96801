import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { markUp, upSince, upSinceFile } from './up-since.ts'

test('Insula is up from its first daemon on, until the mark is removed or the machine boots', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'insula-up-'))
  t.after(() => rmSync(root, { recursive: true }))
  const place = { run: join(root, 'run') }
  assert.equal(upSince(place), null)
  const first = markUp(place)
  assert.equal(upSince(place), first)
  assert.equal(markUp(place), first, 'another daemon')
  rmSync(upSinceFile(place))
  assert.equal(upSince(place), null)
  const second = markUp(place)
  assert.notEqual(second, first)
  writeFileSync(upSinceFile(place), second.replace(/^\S+/, '00000000-0000-4000-8000-000000000000'))
  assert.equal(upSince(place), null, 'of another boot')
  assert.notEqual(markUp(place), second)
})
