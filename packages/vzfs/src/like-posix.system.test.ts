/**
 * An area behaves as an ordinary directory of the same file system: the same calls, whatever they are, have the same results on both and leave the
 * same tree. Two areas over one layer are driven in turn, each beside a directory of its own; neither may be told by what the other does. Now and then one is
 * mounted anew, or relinked.
 *
 * INSULA_TEST_SECONDS: how long (10; INSULA_TEST_PATIENCE times that). INSULA_TEST_SEED: of an earlier run. What is left out is in docs/vzfs-posix.md.
 */

import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { arbitrarySteps, type Step } from './testing/arbitrary-calls.ts'
import { checkedFor } from './testing/checked-for.ts'
import { handIn, handInArea, type Outcome, type Owner, owner, PATIENCE } from './testing/hand.ts'
import { imprint } from './testing/imprint.ts'
import { fillSampleTree } from './testing/sample-tree.ts'
import { asAreaMayShow, shownTree } from './testing/shown-tree.ts'
import { xfsVolume } from './testing/xfs-volume.ts'

const SECONDS = Number(process.env['INSULA_TEST_SECONDS'] ?? '10') * PATIENCE
const LAYER = 'sample@1'

const held = new AsyncDisposableStack()
after(() => held.disposeAsync())
const { vzfs, beside } = held.use(await xfsVolume())
const owners = [held.use(await owner(900 * 65_536)), held.use(await owner(901 * 65_536))]
const source = await vzfs.scratch()
{
  await using maker = await handIn(source)
  await fillSampleTree(maker)
}
await vzfs.layers.build(LAYER, source)
const untouched = imprint(vzfs.path)
let last = 0

test('whatever programs do, an area is like a directory', async (t) => {
  const seen: Seen = { done: 0, refused: 0 }
  const runs = await checkedFor(t, SECONDS * 1_000, arbitrarySteps, (steps) => play(steps, seen))
  t.diagnostic(`${runs} sequences, ${seen.done} calls done and ${seen.refused} refused`)
  assert.ok(runs > 0 && seen.done > 0)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

interface Seen {
  done: number
  refused: number
}

async function play(steps: readonly Step[], seen: Seen): Promise<void> {
  await using sides = new AsyncDisposableStack()
  const pairs = [] as Pair[]
  for (const one of owners) pairs.push(await pair(one, sides))
  for (const { side, call, user } of steps) {
    const refused = (await pairs[side]?.step(call, user)) ?? false
    seen[refused ? 'refused' : 'done'] += 1
  }
  for (const one of pairs) await one.compare()
  // A relink takes as long as hundreds of calls.
  const relinked = steps.some(({ call }) => call[0] === 'relink')
  for (const one of pairs) await one.step([relinked ? 'relink' : 'remount'], 0)
  for (const one of pairs) await one.compare()
  assertUntouched()
}

/** Relinks add to the pool: what was there before stays. */
function assertUntouched(): void {
  const now = imprint(vzfs.path)
  for (const [path, entry] of Object.entries(untouched))
    if (entry.kind === 'file' || path.startsWith('layers')) assert.deepEqual(now[path], entry)
}

interface Pair {
  /** Whether the call was refused, on both. */
  step(call: Step['call'], user: number): Promise<boolean>
  compare(): Promise<void>
}

/** An area, and a directory that began alike. */
async function pair(one: Owner, kept: AsyncDisposableStack): Promise<Pair> {
  const id = ++last
  const ordinary = join(beside, String(id))
  mkdirSync(ordinary, { mode: 0o755 })
  kept.defer(() => rm(ordinary, { recursive: true }))
  chownSync(ordinary, one.base, one.base)
  chmodSync(ordinary, 0o755)
  await vzfs.areas.create(id, one.base, [LAYER], null)
  kept.defer(() => vzfs.areas.remove(id))
  const directory = kept.use(await handIn(ordinary, one))
  let area = await handInArea(await vzfs.areas.plan(id), one)
  kept.defer(() => area[Symbol.asyncDispose]())
  await fillSampleTree(directory)
  return {
    async step(call, user) {
      if (call[0] === 'remount' || call[0] === 'relink') {
        await Promise.all([area[Symbol.asyncDispose](), directory.do('closeAll')])
        if (call[0] === 'relink') await vzfs.areas.relink(id, { share: 'all' })
        area = await handInArea(await vzfs.areas.plan(id), one)
        return false
      }
      const [is, should] = await Promise.all([area.try(call, user), directory.try(call, user)])
      if (isOfDeleted(call, is, should)) {
        for (const hand of [area, directory]) await hand.do('close', call[1])
        return true
      }
      assert.deepEqual(alike(is), alike(should), `${JSON.stringify(call).slice(0, 200)} by ${user}`)
      return 'errno' in should
    },
    async compare() {
      const [is, should] = await Promise.all([shownTree(area), shownTree(directory)])
      assert.deepEqual(is, asAreaMayShow(is, should))
    },
  }
}

/** rename(2): of a directory that is not empty a file system says either. */
const alike = (outcome: Outcome): Outcome => ('errno' in outcome && outcome.errno === 'ENOTEMPTY' ? { errno: 'EEXIST' } : outcome)

/** A shared file that is open for reading cannot be changed any more once its name is gone. */
const isOfDeleted = ([call]: Step['call'], is: Outcome, should: Outcome): boolean =>
  ['fchmod', 'fchown', 'futimens', 'reopen'].includes(call) && 'is' in should && 'errno' in is && is.errno === 'EEXIST'
