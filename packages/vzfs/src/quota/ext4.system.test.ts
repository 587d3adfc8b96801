/** Areas on an ext4 as mkfs makes it: it tells project numbers, and takes none. */

import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { realFileCalls, realProcessRunner, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'

const runner = realProcessRunner()
const scratch = mkdtempSync('/var/tmp/insula-vzfs-ext4-')
const [image, path] = [join(scratch, 'image'), join(scratch, 'volume')]
mkdirSync(path)
const file = openSync(image, 'w')
ftruncateSync(file, 64 * 1024 ** 2)
closeSync(file)
await runner.run(['mkfs.ext4', '-q', '-F', image])
await runner.run(['mount', '-t', 'ext4', '-o', 'loop', image, path])
const vzfs = await openVzfs(path, {
  files: realFileCalls(),
  quota: realQuota,
  warn: (message) => assert.fail(message),
  threads: 1,
})
after(async () => {
  await vzfs.close()
  await runner.run(['umount', path])
  rmSync(scratch, { recursive: true })
})

test('nobody says that files of an area should be counted where they cannot be', async () => {
  await vzfs.layers.build('os@1', await vzfs.scratch())
  await vzfs.areas.create(101, 800 * 65_536, ['os@1'], {})
  assert.equal(await vzfs.areas.counted(101), null)
  assert.equal(await vzfs.areas.recount(101), 0)
  assert.deepEqual(await vzfs.check(), [])
})
