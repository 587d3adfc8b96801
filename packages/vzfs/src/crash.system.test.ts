/** Whatever VZFS was doing when it was killed, the next one to open the volume finds it whole. */

import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { realFileCalls, startAttached, realQuota } from '@insula/kernel'
import { openVzfs } from './open.ts'

const ROUNDS = 14
/** Steps of two rounds of the child's work, and one before the first. */
const STEPS = 13
const CHILD = new URL('./testing/busy-child.ts', import.meta.url).pathname

test('a volume survives SIGKILL at any moment', async (t) => {
  const beside = mkdtempSync('/var/tmp/insula-crash-')
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const path = join(beside, 'volume')
  const errors = openSync(join(beside, 'stderr'), 'a')
  const moments = new Set<string>()
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const steps = join(beside, `steps-${round}`)
      const output = openSync(steps, 'w')
      const child = startAttached([process.execPath, CHILD, path, `${round + 1}`], { descriptors: ['null', output, errors] })
      closeSync(output)
      // From before it is open to its second round, and a moment into each step.
      const reached = await until(() => statSync(steps).size >= round % STEPS, child.ended)
      assert.ok(reached, `the child works until it is killed; round ${round}: ${readFileSync(join(beside, 'stderr'), 'utf8')}`)
      await setTimeout((round * 7) % 23)
      process.kill(child.pid, 'SIGKILL')
      assert.equal((await child.ended).signal, 'SIGKILL')

      for (const part of ['tmp', 'trash', 'areas', 'layers']) {
        for (const name of readdirIfThere(join(path, part)))
          moments.add(`${part} ${name.replace(/^[0-9a-f.]+$|[0-9a-f]{8,}|\d+/g, '')}`)
      }
      const vzfs = await openVzfs(path, {
        files: realFileCalls(),
        quota: realQuota,
        warn: (message) => assert.fail(message),
        threads: 2,
      })
      await vzfs.idle()
      assert.deepEqual(await vzfs.check({ contents: true }), [])
      for (const part of ['tmp', 'trash']) assert.deepEqual(readdirSync(join(path, part)), [])
      for (const area of await vzfs.areas.list()) {
        const record = (await vzfs.areas.readRecord(area.id)) as { id?: number }
        assert.equal(record.id, area.id)
        await vzfs.areas.plan(area.id)
        await vzfs.areas.remove(area.id)
      }
      for (const layer of await vzfs.layers.list()) await vzfs.layers.remove(layer.name)
      await vzfs.close()
    }
  } finally {
    closeSync(errors)
  }
  t.diagnostic(`found after the kills: ${[...moments].sort().join(', ')}`)
  assert.ok(moments.size > 3, 'the kills hit the work')
})

/** Polls; false when the child ended before. */
async function until(condition: () => boolean, ended: Promise<unknown>): Promise<boolean> {
  let over = false
  void ended.then(() => (over = true))
  while (!over && !condition()) await setTimeout(2)
  return !over
}

function readdirIfThere(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
