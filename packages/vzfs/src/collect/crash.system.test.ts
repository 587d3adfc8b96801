/** Whatever a collection, a check or a repair was doing when it was killed: the next one comes to its end, and nothing is lost. */

import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { realFileCalls, realQuota, startAttached } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { filled } from '../testing/awkward-tree.ts'
import { poolOf } from '../testing/fill.ts'

const ROUNDS = 6
const CHILD = new URL('../testing/collect-child.ts', import.meta.url).pathname

test('a volume survives SIGKILL of a collection and of a repair at any moment', async (t) => {
  const beside = mkdtempSync('/var/tmp/insula-crash-')
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const path = join(beside, 'volume')
  // All that the child's files may hold, for repairs.
  const bytes = join(beside, 'bytes')
  mkdirSync(bytes)
  // They repeat from there on.
  for (let seed = 0; seed < 256; seed += 1) writeFileSync(join(bytes, `${seed}`), filled(6000, seed))
  const errors = openSync(join(beside, 'stderr'), 'a')
  t.after(() => closeSync(errors))
  for (let round = 0; round < ROUNDS; round++) {
    const steps = join(beside, `steps-${round}`)
    const output = openSync(steps, 'w')
    const child = startAttached([process.execPath, CHILD, path, `${round + 1}`], { descriptors: ['null', output, errors] })
    closeSync(output)
    let over = false
    void child.ended.then(() => (over = true))
    while (!over && statSync(steps).size < 2 + (round % 3)) await setTimeout(2)
    assert.ok(!over, `the child works until it is killed: ${readFileSync(join(beside, 'stderr'), 'utf8')}`)
    await setTimeout((round * 67) % 400)
    process.kill(child.pid, 'SIGKILL')
    assert.equal((await child.ended).signal, 'SIGKILL')

    const vzfs = await openVzfs(path, { files: realFileCalls(), quota: realQuota, warn: (text) => assert.fail(text), threads: 2 })
    await vzfs.idle()
    // The one file that the child took away itself may be missing still.
    assert.ok((await vzfs.check({ contents: true })).length <= 2)
    assert.deepEqual((await vzfs.repair({ from: [bytes] })).damages, [])
    await vzfs.collect()
    assert.deepEqual(await vzfs.check({ contents: true }), [])
    for (const part of ['tmp', 'trash', 'pool-quarantine']) assert.deepEqual(readdirSync(join(path, part)), [], part)
    for (const layer of await vzfs.layers.list()) await vzfs.layers.remove(layer.name)
    await vzfs.collect()
    assert.deepEqual(poolOf(vzfs), [])
    await vzfs.close()
  }
})
