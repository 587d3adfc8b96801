/** A relink that is killed before any of its changes: the next one to open the volume finds all of it done or nothing, and nobody sees a difference. */

import assert from 'node:assert/strict'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realFileCalls, realQuota, startAttached } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { mounted, ownerOf, seenAt } from '../testing/mounted-area.ts'
import { relinkHere } from '../testing/relink-here.ts'
import { contents, fillPlainTree } from '../testing/tenant-acts.ts'

const BASE = 3_500_000
const CHILD = new URL('../testing/relink-child.ts', import.meta.url).pathname
/** More than a relink of these few files has. */
const MOST_STEPS = 200

test('a relink survives SIGKILL before every one of its steps', async (t) => {
  const beside = mkdtempSync('/dev/shm/insula-relink-')
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const path = join(beside, 'volume')
  const open = () =>
    openVzfs(path, { files: realFileCalls(), quota: realQuota, warn: (message) => assert.fail(message), threads: 1 })
  using owner = await ownerOf(BASE)
  let vzfs = await open()
  const source = await vzfs.scratch()
  fillPlainTree(source)
  await vzfs.layers.build('os@1', source)
  const inside = async <T>(id: number, body: (root: string) => T): Promise<T> => mounted(await vzfs.areas.plan(id), owner, body)

  const outcomes = { finished: 0, takenBack: 0 }
  let over = false
  let steps = 1
  for (; !over && steps < MOST_STEPS; steps++) {
    await vzfs.areas.create(steps, BASE, ['os@1'], null)
    await inside(steps, firstChanges)
    await relinkHere(path, steps, ['os@1'])
    await inside(steps, (root) => laterChanges(root, steps))
    const before = await inside(steps, seenAt)
    await vzfs.close()

    const child = startAttached([process.execPath, CHILD, path, `${steps}`, 'os@1', `${steps}`], {
      descriptors: ['null', 'null', 2],
    })
    const { code, signal } = await child.ended
    over = code === 0
    assert.ok(over || signal === 'SIGKILL', `${code} ${signal}`)
    const journaled = readdirSync(join(path, 'areas', `${steps}`)).includes('relink.json')

    vzfs = await open()
    assert.deepEqual(readdirSync(join(path, 'areas', `${steps}`)), ['area.json', 'links', 'record.json', 'upper', 'work'])
    assert.deepEqual(await inside(steps, seenAt), before, `after step ${steps}`)
    const { files } = await relinkHere(path, steps, ['os@1'])
    assert.deepEqual(await inside(steps, seenAt), before, `relinked again, after step ${steps}`)
    if (!over && files > 0) outcomes.takenBack++
    if (!over && journaled) {
      outcomes.finished++
      assert.equal(files, 0, 'it was finished')
    }
    await vzfs.areas.remove(steps)
  }
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  await vzfs.close()
  t.diagnostic(`${steps} steps, ${JSON.stringify(outcomes)}`)
  assert.ok(over && outcomes.takenBack > 5 && outcomes.finished > 5)
})

function firstChanges(root: string): void {
  mkdirSync(join(root, 'new'))
  writeFileSync(join(root, 'new/c'), contents(1))
  writeFileSync(join(root, 'b/e'), contents(2))
  chmodSync(join(root, 'a/c'), 0o600)
}

/** Something of everything that a relink does, and contents that the pool has not yet. */
function laterChanges(root: string, unlike: number): void {
  renameSync(join(root, 'b'), join(root, 'moved'))
  renameSync(join(root, 'new'), join(root, 'moved/new'))
  rmSync(join(root, 'a/a'), { recursive: true })
  mkdirSync(join(root, 'a/a'))
  writeFileSync(join(root, 'a/a/c'), contents(3))
  linkSync(join(root, 'a/b/c'), join(root, 'linked'))
  unlinkSync(join(root, 'moved/new/c'))
  for (const name of ['own', 'twin']) writeFileSync(join(root, name), `${unlike}`.repeat(5000))
}
