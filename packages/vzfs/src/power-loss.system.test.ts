/** Whatever was being done on a volume when the power went: it is whole afterwards, and what was said to be done is done. */

import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { realFileCalls, realQuota, startAttached } from '@insula/kernel'
import { openVzfs } from './open.ts'
import { loopVolume } from './testing/loop-volume.ts'
import { owed, type Said } from './testing/power-loss.ts'

const LOSSES = Number(process.env['INSULA_TEST_POWER_LOSSES'] ?? 20)
const CHILD = new URL('./testing/power-child.ts', import.meta.url).pathname

test('a volume survives the loss of power at any moment, and has what was said to be on it', async (t) => {
  await using volume = await loopVolume()
  const said = `${volume.path}.said`
  t.after(() => rmSync(said, { force: true }))
  const output = openSync(said, 'w')
  const child = startAttached([process.execPath, CHILD, volume.path], { descriptors: ['null', output, 2] })
  closeSync(output)
  const lines = (): Said[] =>
    readFileSync(said, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Said)
  let left = 0
  try {
    for (let loss = 0; loss < LOSSES; loss++) {
      // Steps take from less than a millisecond to some hundred; the moment within them is anybody's.
      await setTimeout(30 + ((loss * 37) % 101))
      const before = owed(lines())
      const copy = volume.copyNow()
      const started = new Set(lines().flatMap((one) => ('removing' in one ? [one.removing] : [])))
      await copy.mounted(async (path) => {
        const vzfs = await openVzfs(path, {
          files: realFileCalls(),
          quota: realQuota,
          warn: (text) => assert.fail(text),
          threads: 1,
        })
        try {
          await vzfs.idle()
          assert.deepEqual(await vzfs.check({ contents: true }), [])
          for (const name of before.gone) assert.equal(await isThere(name), false, `${name} is back`)
          for (const [name, version] of before.there) {
            if (started.has(name)) continue
            assert.equal(await isThere(name), true, `${name} is gone`)
            if (name.startsWith('area ')) {
              const record = (await vzfs.areas.readRecord(Number(name.slice(5)))) as { version: number }
              assert.ok(record.version >= version, `${name} has its record of before`)
            }
            left += 1
          }
        } finally {
          await vzfs.close()
        }

        async function isThere(name: string): Promise<boolean> {
          const [kind, which = ''] = name.split(' ')
          return (await (kind === 'layer' ? vzfs.layers.show(which) : vzfs.areas.show(Number(which)))) !== null
        }
      })
    }
  } finally {
    process.kill(child.pid, 'SIGKILL')
    await child.ended
  }
  t.diagnostic(`${left} layers and areas were owed after ${LOSSES} losses of power`)
  assert.ok(left > LOSSES, 'the child worked')
})
