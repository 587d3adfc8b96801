import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { filterConformance } from './conformance.ts'
import { realPacketFilter } from './real.ts'

const NAME = `filtering-${process.pid}`
/** Later libraries take it for what was meant, when they are not sure. */
const SIMILAR = `filtering-${process.pid + 1}`
const filter = realPacketFilter()

filterConformance('the real driver', NAME, realPacketFilter)

after(async () => {
  for (const name of [NAME, SIMILAR]) await filter.removeTable('inet', name)
  assert.deepEqual(
    (await filter.tables()).filter((table) => table.includes('filtering-')),
    [],
  )
})

test('what the kernel itself refuses is told by its line too, and so is every error', async () => {
  await filter.replaceTable('inet', SIMILAR, 'chain b { }\nchain somewhere { }')
  const unknownChain = 'chain a {\n  ip saddr 192.0.2.1 accept\n  ip saddr 192.0.2.2 jump nowhere\n}'
  await assert.rejects(
    filter.replaceTable('inet', NAME, unknownChain),
    /^FilterRefused: the packet filter refused its rules: line 3: .*No such file or directory.*\nip saddr 192\.0\.2\.2 jump nowhere$/,
  )
  assert.equal(await filter.table('inet', NAME), null)
  await filter.replaceTable('inet', NAME, 'chain kept { }')
  await assert.rejects(filter.replaceTable('inet', NAME, unknownChain), /: line 3: .*No such file or directory.*\nip saddr 192/)
  assert.match(JSON.stringify(await filter.table('inet', NAME)), /"kept"/)
  await assert.rejects(filter.replaceTable('inet', NAME, 'chain a { nonsense }\nchain b { rubbish }'), /line 1: [^]*line 2: /)
})

test('a hundred tables leave no descriptor and no context behind', async () => {
  await filter.replaceTable('inet', NAME, 'chain a { }')
  const descriptors = (): number => readdirSync('/proc/self/fd').length
  const before = descriptors()
  for (let round = 0; round < 100; round++) await filter.tables()
  // The context of the last command is freed after it has answered.
  for (const deadline = Date.now() + 5_000; descriptors() > before && Date.now() < deadline; await sleep(10)) continue
  assert.ok(descriptors() <= before, `${descriptors()} descriptors, and ${before} before`)
})
