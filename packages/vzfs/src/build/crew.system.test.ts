/** Threads that work along on one list, and end in the middle of it. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const ROUNDS = 3

test('a helper that fails while others still load is the error of the job, and not the end of the process', () => {
  const child = new URL('../testing/failing-crew-child.ts', import.meta.url).pathname
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child, `${ROUNDS}`], { encoding: 'utf8' })
  assert.deepEqual([status, signal, stdout], [0, null, 'ENOENT\n'.repeat(ROUNDS)], stderr)
})
