/** Snapshots, rollbacks and clones that SIGKILL cuts off, at each step and at any moment: what is there afterwards is the old or the new, whole. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { IDS } from '../quota/ids.ts'
import { filled } from '../testing/awkward-tree.ts'
import { described } from '../testing/described.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'
import type { Vzfs } from '../vzfs.ts'

const files = realFileCalls()
const BASE = 40 * IDS
const CHILD = new URL('../testing/snapshot-child.ts', import.meta.url).pathname
/** More than any of them moves. */
const MOST_MOVES = 12
const xfs = await xfsDirectory()

const openAt = (path: string): Promise<Vzfs> =>
  openVzfs(path, { files, quota: realQuota, warn: (message) => assert.fail(message), threads: 2 })

/** Area 1 with snapshot `old`, changed since: other files, other layers, an own layer more or less. */
async function prepared(t: TestContext, parent: string, many = 20): Promise<string> {
  const beside = mkdtempSync(join(parent, 'insula-cut-'))
  t.after(() => rmSync(beside, { recursive: true }))
  const path = join(beside, 'volume')
  const vzfs = await openAt(path)
  for (const name of ['os@1', 'os@2']) await vzfs.layers.build(name, await vzfs.scratch())
  await vzfs.areas.create(1, BASE, ['os@1'], {})
  const at = (part: string): string => join(path, 'areas/1', part)
  for (let index = 0; index < many; index++) writeFileSync(at(`upper/${index}`), filled(5_000, index))
  mkdirSync(at('links'))
  writeFileSync(at('links/own'), 'of then')
  const wish = { name: 'old', cause: 'asked', comment: null, expiresAt: null, record: {} } as const
  await vzfs.snapshots.create(1, wish)
  rmSync(at('upper/3'))
  writeFileSync(at('upper/new'), 'new')
  rmSync(at('links'), { recursive: true })
  await vzfs.areas.mend({ id: 1, base: BASE, layers: ['os@2'] })
  await vzfs.close()
  return path
}

async function run(path: string, action: string, nth = -1, when = 'before', killAfter?: number): Promise<string> {
  const child = spawn(process.execPath, [CHILD, path, action, `${nth}`, when], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit')
  if (killAfter !== undefined) {
    while (!said.startsWith('begun') && child.exitCode === null) await sleep(1)
    await sleep(killAfter)
    child.kill('SIGKILL')
  }
  await ended
  return said
}

const stateOf = (path: string, part: string) => {
  const at = (name: string): string => join(path, part, name)
  return JSON.stringify([
    [...described(files, at('upper'))],
    existsSync(at('links')) ? readFileSync(at('links/own'), 'utf8') : null,
  ])
}

/** Opens it as the next process does and says what area 1 is. */
async function settled(path: string) {
  const vzfs = await openAt(path)
  await vzfs.idle()
  const [layers, snapshots, damage] = [
    (await vzfs.areas.show(1))?.layers,
    (await vzfs.snapshots.list(1)).map(({ name }) => name),
    await vzfs.check(),
  ]
  await vzfs.close()
  assert.deepEqual(damage, [])
  assert.deepEqual(readdirSync(join(path, 'tmp')), [])
  assert.deepEqual(readdirSync(join(path, 'trash')), [])
  assert.ok(!existsSync(join(path, 'areas/1/rollback')))
  return { layers: layers?.join(), snapshots: snapshots.toSorted().join() }
}

function requireOldOrNew(path: string, found: Awaited<ReturnType<typeof settled>>, before: string, kept: string): 'old' | 'new' {
  const now = stateOf(path, 'areas/1')
  assert.equal(stateOf(path, 'areas/1/snapshots/old'), kept, 'the snapshot is never touched')
  if (found.layers === 'os@2') {
    assert.deepEqual([now, found.snapshots], [before, 'old'])
    return 'old'
  }
  assert.deepEqual([now, found.layers, found.snapshots], [kept, 'os@1', 'before,old'])
  assert.equal(stateOf(path, 'areas/1/snapshots/before'), before)
  return 'new'
}

test('a rollback that is killed at any of its moves is the old or the new state, whole', async (t) => {
  const outcomes: string[] = []
  for (let nth = 0, over = false; !over; nth++) {
    assert.ok(nth < MOST_MOVES)
    for (const when of ['before', 'after']) {
      const path = await prepared(t, xfs)
      const [before, kept] = [stateOf(path, 'areas/1'), stateOf(path, 'areas/1/snapshots/old')]
      over = (await run(path, 'rollback', nth, when)).includes('done')
      outcomes.push(requireOldOrNew(path, await settled(path), before, kept))
    }
  }
  // Certain from the first move on: what was ready has its name.
  assert.equal(outcomes[0], 'old')
  assert.ok(
    outcomes.slice(1).every((outcome) => outcome === 'new'),
    outcomes.join(),
  )
  assert.ok(outcomes.length >= 12, `${outcomes.length}`)
})

test('a rollback whose end was killed as well is finished by the one after', async (t) => {
  const path = await prepared(t, xfs)
  const [before, kept] = [stateOf(path, 'areas/1'), stateOf(path, 'areas/1/snapshots/old')]
  await run(path, 'rollback', 0, 'after')
  // Each that opens it next does some of it, and is killed.
  for (let round = 0; round < 6; round++) await run(path, 'create', -1, 'before', round)
  const found = await settled(path)
  const made = found.snapshots
    .split(',')
    .filter((name) => name !== 'made')
    .join()
  assert.equal(requireOldOrNew(path, { ...found, snapshots: made }, before, kept), 'new')
})

test('a snapshot is there whole or not at all', async (t) => {
  for (const when of ['before', 'after']) {
    const path = await prepared(t, xfs)
    await run(path, 'create', 0, when)
    const { snapshots } = await settled(path)
    assert.equal(snapshots, when === 'before' ? 'old' : 'made,old')
    if (when === 'after') assert.equal(stateOf(path, 'areas/1/snapshots/made'), stateOf(path, 'areas/1'))
  }
})

test('so is a clone', async (t) => {
  for (const when of ['before', 'after']) {
    const path = await prepared(t, xfs)
    await run(path, 'clone', 0, when)
    await settled(path)
    assert.equal(existsSync(join(path, 'areas/2')), when === 'after')
  }
})

for (const action of ['create', 'rollback', 'clone'] as const) {
  test(`${action}, killed at any moment`, async (t) => {
    const path = await prepared(t, '/var/tmp', 1_500)
    const [before, kept] = [stateOf(path, 'areas/1'), stateOf(path, 'areas/1/snapshots/old')]
    for (let round = 0; round < 8; round++) {
      await run(path, action, -1, 'before', 20 * round)
      const found = await settled(path)
      if (action === 'rollback') {
        if (requireOldOrNew(path, found, before, kept) === 'new') break
        continue
      }
      assert.equal(stateOf(path, 'areas/1'), before)
      if (found.snapshots.includes('made')) assert.equal(stateOf(path, 'areas/1/snapshots/made'), before)
      if (found.snapshots.includes('made') || existsSync(join(path, 'areas/2'))) break
    }
  })
}
