/** A relink that is killed before any of its changes: the next one to open the volume finds all of it done or nothing, and nobody sees a difference. */

import assert from 'node:assert/strict'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls, realQuota, startAttached } from '@insula/kernel'
import { linkDifferences } from '../links/compare.ts'
import { linksRecordOf, readLinksRecord } from '../links/record.ts'
import { openVzfs } from '../open.ts'
import { mounted, ownerOf, seenAt } from '../testing/mounted-area.ts'
import { relinkHere } from '../testing/relink-here.ts'
import { contents, fillPlainTree } from '../testing/tenant-acts.ts'
import type { Share } from './report.ts'

const BASE = 3_500_000
const CHILD = new URL('../testing/relink-child.ts', import.meta.url).pathname
/** More than a relink of these few files has. */
const MOST_STEPS = 200

test('a relink survives SIGKILL before every one of its steps', (t) => killed(t, 'all', 1))

test('so does one that takes links back', (t) => killed(t, 'none', 4))

/** @param stride how many steps further the next one is killed */
async function killed(t: TestContext, share: Share, stride: number): Promise<void> {
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
  // What others have.
  const beyond = await vzfs.scratch()
  for (const name of THEIRS) writeFileSync(join(beyond, name), name.repeat(3000))
  await vzfs.layers.build('other@1', beyond)
  const inside = async <T>(id: number, body: (root: string) => T): Promise<T> => mounted(await vzfs.areas.plan(id), owner, body)

  const outcomes = { finished: 0, takenBack: 0 }
  let over = false
  let steps = 1
  for (; !over && steps < MOST_STEPS; steps += stride) {
    await vzfs.areas.create(steps, BASE, ['os@1'], null)
    await inside(steps, firstChanges)
    await relinkHere(path, steps, ['os@1'])
    await inside(steps, (root) => laterChanges(root, steps))
    const before = await inside(steps, seenAt)
    await vzfs.close()

    const child = startAttached([process.execPath, CHILD, path, `${steps}`, 'os@1', `${steps}`, share], {
      descriptors: ['null', 'null', 2],
    })
    const { code, signal } = await child.ended
    over = code === 0
    assert.ok(over || signal === 'SIGKILL', `${code} ${signal}`)
    const journaled = readdirSync(join(path, 'areas', `${steps}`)).includes('relink.json')

    vzfs = await open()
    const area = join(path, 'areas', `${steps}`)
    assert.deepEqual(readdirSync(area), ['area.json', 'links', 'links.zst', 'record.json', 'upper', 'work'])
    const links = join(area, 'links')
    assert.deepEqual(linkDifferences(realFileCalls(), links, readLinksRecord(linksRecordOf(links), BASE) ?? []), [])
    assert.deepEqual(await inside(steps, seenAt), before, `after step ${steps}`)
    const again = await relinkHere(path, steps, ['os@1'], () => undefined, share)
    const files = share === 'all' ? again.files : again.ownFiles
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
  assert.ok(over && outcomes.takenBack > 1 && outcomes.finished > 1)
}

const THEIRS = ['theirs', 'theirs too', 'theirs as well']

function firstChanges(root: string): void {
  for (const name of THEIRS) writeFileSync(join(root, 'b', name), name.repeat(3000))
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
  chmodSync(join(root, 'moved/theirs'), 0o600)
  linkSync(join(root, 'moved/theirs too'), join(root, 'again'))
  for (const name of ['own', 'twin']) writeFileSync(join(root, name), `${unlike}`.repeat(5000))
}
