/**
 * What one area does to files that it shares is seen by no other, and not one byte or attribute of layers and pool changes. Every kind of change
 * there is (testing/changes.ts), by root of an area and by an ordinary user, while a neighbour has the same files open.
 */

import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { after, test } from 'node:test'
import { type Change, CHANGES } from './testing/changes.ts'
import { type Hand, handIn, handInArea, owner } from './testing/hand.ts'
import { imprint } from './testing/imprint.ts'
import { contentsOf, THEN } from './testing/sample-tree.ts'
import { shownTree } from './testing/shown-tree.ts'
import { xfsVolume } from './testing/xfs-volume.ts'

const LAYER = 'sample@1'
const USER = 1000
const KINDS = [0, USER]
const SIZE = 20_000

const held = new AsyncDisposableStack()
after(() => held.disposeAsync())
const { vzfs } = held.use(await xfsVolume())
const own = held.use(await owner(902 * 65_536))
const neighbours = held.use(await owner(903 * 65_536))

/** Each change gets a directory of its own. */
const directoryOf = (index: number, user: number): string => `${user}-${index}`

const source = await vzfs.scratch()
{
  await using maker = await handIn(source)
  for (const user of KINDS) for (const index of CHANGES.keys()) await fill(maker, directoryOf(index, user), user)
}
await vzfs.layers.build(LAYER, source)
const untouched = imprint(vzfs.path)
await vzfs.areas.create(1, own.base, [LAYER], null)
await vzfs.areas.create(2, neighbours.base, [LAYER], null)
const changer = held.use(await handInArea(await vzfs.areas.plan(1), own))
const neighbour = held.use(await handInArea(await vzfs.areas.plan(2), neighbours))
const seenFirst = await shownTree(neighbour)

for (const user of KINDS)
  for (const [index, change] of CHANGES.entries())
    test(`${change.name}, by ${user === 0 ? 'root of an area' : 'an ordinary user'}`, async () => {
      const directory = directoryOf(index, user)
      for (const hand of [changer, neighbour]) await hand.do('chdir', `/${directory}`)
      // The neighbour has it open and mapped all the time.
      await neighbour.do('open', 1, 'file', constants.O_RDONLY)
      await neighbour.do('map', 1, SIZE, true, false)
      const before = await shownTree(changer, '.')
      const parts = ['pool', `layers/${LAYER}/tree/${directory}`]
      const pristine = imprint(vzfs.path, parts)
      const [seen, refusal] = [await shownTree(neighbour, '.'), refusalOf(change, user)]
      assert.deepEqual(seen, before)

      assert.equal(await make(change, user), refusal)
      const changed = await shownTree(changer, '.')
      if (change.calls.length === 1 && refusal !== undefined) assert.deepEqual(changed, before)
      if (refusal === undefined && change.unseen !== true) assert.notDeepEqual(changed, before)

      assert.deepEqual(imprint(vzfs.path, parts), pristine)
      assert.deepEqual(await shownTree(neighbour, '.'), seen)
      assert.equal(await neighbour.do('mapRead', 1, 0, SIZE), contentsOf('file', SIZE))
      assert.equal(await neighbour.do('read', 1, SIZE, 0), contentsOf('file', SIZE))
      await changer.do('closeAll')
    })

test('after all of them the neighbour finds everything as it was, also mounted anew, and the volume is whole', async () => {
  assert.deepEqual(await shownTree(neighbour), seenFirst)
  await using again = await handInArea(await vzfs.areas.plan(2), neighbours)
  assert.deepEqual(await shownTree(again), seenFirst)
  assert.deepEqual(imprint(vzfs.path), untouched)
  // They are no tenants in a user namespace, who may not change for whom their files are counted. ioctl_xfs_fsgetxattr(2)
  const found = (await vzfs.check({ contents: true })).filter(({ kind }) => kind !== 'account')
  assert.deepEqual(found, [])
})

const refusalOf = ({ refused, user: userRefused }: Change, user: number): string | undefined =>
  refused ?? (user === 0 ? undefined : userRefused)

/** What the last call was refused with. */
async function make({ calls }: Change, user: number): Promise<string | undefined> {
  for (const [index, call] of calls.entries()) {
    const outcome = await changer.try(call, user)
    if ('is' in outcome) continue
    assert.equal(index, calls.length - 1, `${JSON.stringify(call)}: ${outcome.errno}`)
    return outcome.errno
  }
  return undefined
}

async function fill(maker: Hand, directory: string, user: number): Promise<void> {
  const file = async (name: string, size: number): Promise<void> => {
    await maker.do('open', 1, name, constants.O_CREAT | constants.O_RDWR, 0o644)
    await maker.do('write', 1, contentsOf(name, size), 0)
  }
  await maker.do('mkdir', `/${directory}`)
  await maker.do('chdir', `/${directory}`)
  await maker.do('mkdir', 'dir')
  for (const name of ['file', 'other', 'dir/inner']) await file(name, SIZE)
  await file('small', 100)
  await maker.do('symlink', 'file', 'link')
  await maker.do('setxattr', 'file', 'user.note', 'shared')
  const made = ['file', 'other', 'small', 'link', 'dir/inner', 'dir', '.']
  for (const name of made) await maker.do('chown', name, user, user)
  for (const name of made) await maker.do('utimens', name, THEN, THEN)
}
