import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loopDeviceGone } from './loop-device.ts'

test('a loop device that somebody looks at for a moment is waited for, other devices are not', async (t) => {
  const sys = mkdtempSync(join(tmpdir(), 'insula-sys-'))
  t.after(() => rmSync(sys, { recursive: true }))
  const directory = join(sys, 'loop7', 'loop')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'backing_file'), '/image')

  let gone = false
  const waiting = loopDeviceGone('/dev/loop7', sys).then(() => (gone = true))
  await loopDeviceGone('/dev/sda1', sys)
  assert.equal(gone, false)
  rmSync(directory, { recursive: true })
  await waiting
})
