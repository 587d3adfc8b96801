/**
 * An area behaves as an ordinary directory of the same file system: the same calls, whatever they are, have the same results on both and leave the
 * same tree. Two areas over one layer are driven in turn, each beside a directory of its own; neither may be told by what the other does.
 *
 * INSULA_TEST_SECONDS: how long (20). INSULA_TEST_SEED: of an earlier run. What is left out is in docs/vzfs-posix.md.
 */

import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { arbitrarySteps, type Step } from './testing/arbitrary-calls.ts'
import { type Hand, handIn, handInArea, owner } from './testing/hand.ts'
import { imprint } from './testing/imprint.ts'
import { fillSampleTree } from './testing/sample-tree.ts'
import { type Shown, shownTree } from './testing/shown-tree.ts'
import { xfsVolume } from './testing/xfs-volume.ts'

const SECONDS = Number(process.env['INSULA_TEST_SECONDS'] ?? '20')
const SEED = Number(process.env['INSULA_TEST_SEED'] ?? Date.now() % 0x7fff_ffff)
const LAYER = 'sample@1'

const volume = await xfsVolume()
after(() => volume[Symbol.asyncDispose]())
const { vzfs, beside } = volume
const owners = await Promise.all([900, 901].map((number) => owner(number * 65_536)))
after(() => owners.forEach((one) => one[Symbol.dispose]()))
const source = await vzfs.scratch()
{
  await using maker = await handIn(source)
  await fillSampleTree(maker)
}
await vzfs.layers.build(LAYER, source)
const untouched = imprint(vzfs.path)
let last = 0

test('whatever programs do, an area is like a directory', async (t) => {
  t.diagnostic(`INSULA_TEST_SEED=${SEED}, ${SECONDS} s`)
  const seen: Seen = { runs: 0, done: 0, refused: 0 }
  let current = Promise.resolve()
  try {
    await fc.assert(
      fc.asyncProperty(arbitrarySteps, async (steps) => {
        seen.runs += 1
        current = play(steps, seen)
        await current
      }),
      {
        seed: SEED,
        numRuns: 1_000_000,
        interruptAfterTimeLimit: SECONDS * 1_000,
        markInterruptAsFailure: false,
        includeErrorInReport: true,
      },
    )
  } finally {
    // What was interrupted goes on to its end.
    await current.catch(() => {})
  }
  t.diagnostic(`${seen.runs} sequences, ${seen.done} calls done and ${seen.refused} refused`)
  assert.ok(seen.runs > 0)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

interface Seen {
  runs: number
  done: number
  refused: number
}

async function play(steps: readonly Step[], seen: Seen): Promise<void> {
  const sides = await Promise.all(owners.map((one) => pair(one)))
  try {
    for (const { side, call, user } of steps) {
      const refused = (await sides[side]?.step(call, user)) ?? false
      seen[refused ? 'refused' : 'done'] += 1
    }
    for (const side of sides) await side.compare()
    for (const side of sides) await side.step(['remount'], 0)
    for (const side of sides) await side.compare()
    assert.deepEqual(imprint(vzfs.path), untouched)
  } finally {
    for (const side of sides) await side[Symbol.asyncDispose]()
  }
}

/** An area, and a directory that began alike. */
async function pair(one: (typeof owners)[number]) {
  const id = ++last
  const ordinary = join(beside, String(id))
  mkdirSync(ordinary, { mode: 0o755 })
  chownSync(ordinary, one.base, one.base)
  chmodSync(ordinary, 0o755)
  await vzfs.areas.create(id, one.base, [LAYER], null)
  const plan = await vzfs.areas.plan(id)
  let hands: [Hand, Hand] = await Promise.all([handInArea(plan, one), handIn(ordinary, one)])
  await fillSampleTree(hands[1])
  const end = async (): Promise<void> => {
    for (const hand of hands) await hand[Symbol.asyncDispose]()
  }
  return {
    /** Whether the call was refused, on both. */
    async step(call: Step['call'], user: number): Promise<boolean> {
      if (call[0] === 'remount') {
        const [area, directory] = hands
        await Promise.all([area[Symbol.asyncDispose](), directory.do('closeAll')])
        hands = [await handInArea(plan, one), directory]
        return false
      }
      const [is, should] = await Promise.all(hands.map((hand) => hand.try(call, user)))
      assert.deepEqual(is, should, `${JSON.stringify(call).slice(0, 200)} by ${user}`)
      return should !== undefined && 'errno' in should
    },
    async compare(): Promise<void> {
      const [is, should] = (await Promise.all(hands.map((hand) => shownTree(hand)))) as [Shown, Shown]
      assert.deepEqual(is, should)
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await end()
      await vzfs.areas.remove(id)
      await rm(ordinary, { recursive: true })
    },
  }
}
