/**
 * Limits that are reached in the middle of whatever is done with an area: what its account pays for is refused, names the limit and leaves everything as it was;
 * what it does not pay for is done. Where the kernel has no quota, the same is done with a volume that is full: no limit is told then.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_QUOTA_LIMITS, realFileCalls, realQuota } from '@insula/kernel'
import { VzfsError } from '../errors.ts'
import { openVzfs } from '../open.ts'
import { filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'
import type { Vzfs } from '../vzfs.ts'
import { projectOf } from './account.ts'
import { IDS } from './ids.ts'

const MIB = 1024 ** 2
const BASE = 820 * IDS
const USER = 1000
const files = realFileCalls()
const users: (() => unknown)[] = []
const path = await xfsDirectory(users)
const quota = realQuota(path)
const limited = quota.kinds.has('project')
const open = (): Promise<Vzfs> =>
  openVzfs(join(path, 'vzfs'), { files, quota: realQuota, warn: (message) => assert.fail(message), threads: 2 })
let vzfs = await open()
users.push(
  () => vzfs.close(),
  () => quota[Symbol.dispose](),
)
const all = { share: 'all' as const }
const none = { share: 'none' as const }
const wish = (name: string) => ({ name, cause: 'asked' as const, comment: null, expiresAt: null, record: {} })
const base = (id: number): number => BASE + id * IDS
const project = (id: number) => quota.account('project', projectOf(base(id)))

for (const build of [1, 2]) {
  const source = await vzfs.scratch()
  writeFileSync(join(source, 'build'), `${build}`)
  await vzfs.layers.build(`os@${build}`, source)
}
/** Files of a user in a directory that shrinks to nothing when they become links, and grows when they come back; one has an attribute. */
for (const id of [1, 2]) {
  await vzfs.areas.create(id, base(id), ['os@1'], { id })
  await inArea(vzfs, id, (root) => {
    mkdirSync(join(root, 'home'))
    chownSync(join(root, 'home'), base(id) + USER, base(id) + USER)
    for (let file = 0; file < 120; file++) {
      const at = join(root, 'home', `${'n'.repeat(180)}${file}`)
      writeFileSync(at, filled(file < 4 ? MIB : 5_000, file))
      chownSync(at, base(id) + USER, base(id) + USER)
      if (file === 0) files.setXattr(Buffer.from(at), 'user.note', filled(3_000, 9))
    }
  })
  await vzfs.areas.survey(id, all)
}

/** XFS takes what was removed off an account in the background. */
async function calm(): Promise<void> {
  await vzfs.idle()
  if (!limited) return
  for (let before = -1, now = project(1).inodes; now !== before; now = project(1).inodes) {
    before = now
    await sleep(300)
  }
}

/** What XFS wants for itself. */
const OWN = 4 * MIB
const filler = join(path, 'filler')
/** From here on there is so much room, for area 1 or for all. */
async function leave(bytes: number, inodes: number | null = null): Promise<void> {
  await free()
  await calm()
  if (!limited) {
    // XFS gives back what was removed in the background, and says before that it is free.
    for (let [size, quiet, looks] = [0, 0, 0]; quiet < 3; quiet++) {
      assert.ok(looks++ < 100, 'the volume does not become full')
      const { bavail, bsize } = statfsSync(path)
      const excess = bavail * bsize - bytes - OWN
      if (excess > 1 << 15) {
        if (spawnSync('fallocate', ['-o', `${size}`, '-l', `${excess}`, filler]).status === 0) size += excess
        quiet = 0
      }
      await sleep(100)
    }
    return
  }
  const now = project(1)
  const inodesHard = inodes === null ? null : now.inodes + inodes
  await vzfs.areas.limit(1, { ...NO_QUOTA_LIMITS, bytesHard: now.bytes + bytes, inodesHard })
}
async function free(): Promise<void> {
  rmSync(filler, { force: true })
  await vzfs.areas.limit(1, NO_QUOTA_LIMITS)
}

const refused = (error: unknown): boolean => {
  assert.ok(error instanceof VzfsError, String(error))
  assert.equal(error.code, limited ? 'over_limit' : 'no_space', error.message)
  assert.match(error.message, limited ? /limit/ : /volume/)
  assert.match(error.message, /area 1\b.*(?:nothing of it is left|nothing has changed)$/)
  return true
}
async function asBefore(what: string, body: () => Promise<unknown>): Promise<void> {
  const state = async () => ({
    seen: await seen(vzfs, 1),
    parts: readdirSync(join(vzfs.path, 'areas/1')).filter((name) => name !== 'snapshots'),
    kept: (await vzfs.snapshots.list(1)).map(({ name }) => name),
    tmp: readdirSync(join(vzfs.path, 'tmp')),
  })
  const before = await state()
  await assert.rejects(body, refused, what)
  await calm()
  assert.deepEqual(await state(), before, what)
}
/** Too little of it for what is done, from nothing on. */
const ROOMS = [0, 1 << 16, MIB] as const

test('what comes into the account of an area is refused when its limit leaves too little, and is done when it does not', async () => {
  for (const bytes of ROOMS) {
    await leave(bytes)
    // A volume has room for shared blocks; an account pays for each of them.
    if (limited) await asBefore(`a snapshot, ${bytes}`, () => vzfs.snapshots.create(1, wish('made')))
  }
  if (limited) {
    await leave(100 * MIB, 20)
    await asBefore('a snapshot, inodes', () => vzfs.snapshots.create(1, wish('made')))
  }
  await free()
  await vzfs.snapshots.create(1, wish('made'))
  for (const bytes of ROOMS) {
    await leave(bytes)
    if (limited) await asBefore(`a rollback, ${bytes}`, () => vzfs.snapshots.rollback(1, 'made', wish('before')))
  }
  await free()
  await vzfs.areas.relink(1, all)
  await vzfs.areas.relink(2, all)
  for (const bytes of ROOMS) {
    await leave(bytes)
    await asBefore(`its own copies, ${bytes}`, () => vzfs.areas.relink(1, none))
  }
  if (limited) {
    await leave(100 * MIB, 20)
    await asBefore('its own copies, inodes', () => vzfs.areas.relink(1, none))
  }
  await free()
  assert.equal((await vzfs.areas.relink(1, none)).ownFiles, 120)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

if (limited)
  describe('on a kernel with quota', () => {
    test('what an area does not pay for is done though it has nothing left, and it has nothing left afterwards', async () => {
      const before = await seen(vzfs, 1)
      await leave(0, 0)
      const { limits } = project(1)
      assert.equal((await vzfs.areas.relink(1, all)).files, 120)
      assert.deepEqual(project(1).limits, limits)
      await leave(0, 0)
      await vzfs.areas.rebase(1, ['os@2'], all)
      await vzfs.areas.rebase(1, ['os@1'], all)
      await vzfs.layerFromArea(1, 'made@1')
      await vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: base(3), record: {} })
      await vzfs.areas.recount(1)
      await vzfs.areas.withRoom(1, () =>
        inArea(vzfs, 1, (root) => {
          assert.throws(() => writeFileSync(join(root, 'x'), filled(2 * MIB, 1)), { code: 'ENOSPC' })
          rmSync(join(root, 'x'))
        }),
      )
      const home = (found: typeof before): [string, unknown][] => [...found].filter(([name]) => name.startsWith('home'))
      assert.deepEqual(home(await seen(vzfs, 1)), home(before))
      await free()
      await vzfs.areas.remove(3)
      await vzfs.layers.remove('made@1')
      await calm()
      assert.deepEqual(await vzfs.check({ contents: true }), [])
    })

    test('a user inside who has nothing left keeps nothing from being done for the whole area', async () => {
      const ids = await vzfs.areas.idQuota(1)
      ids.setAccounted(4)
      const full = (): void => {
        for (const kind of ['user', 'group'] as const) {
          const { bytes, inodes } = ids.account(kind, USER)
          ids.limit(kind, USER, { bytesHard: Math.max(4096, bytes), inodesHard: Math.max(1, inodes) })
        }
      }
      const before = await seen(vzfs, 1)
      full()
      // First of all it holds.
      await inArea(vzfs, 1, (root) => {
        writeFileSync(join(root, 'mine'), 'x')
        chownSync(join(root, 'mine'), base(1) + USER, base(1) + USER)
        assert.throws(() => appendFileSync(join(root, 'mine'), filled(MIB, 3)), { errno: -constants.errno.EDQUOT })
        rmSync(join(root, 'mine'))
      })
      await vzfs.areas.relink(1, none)
      full()
      await vzfs.areas.relink(1, all)
      full()
      const links = quota.account('user', base(1) + USER).limits
      await vzfs.areas.relink(1, none)
      assert.deepEqual(quota.account('user', base(1) + USER).limits, links)
      await vzfs.snapshots.create(1, wish('over'))
      await vzfs.snapshots.rollback(1, 'over', wish('undone'))
      await vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: base(3), record: {} })
      await calm()
      const home = (found: typeof before): [string, unknown][] => [...found].filter(([name]) => name.startsWith('home'))
      assert.deepEqual(home(await seen(vzfs, 1)), home(before))
      await vzfs.areas.remove(3)
      for (const name of ['over', 'undone']) await vzfs.snapshots.remove(1, name)
      ids.setAccounted(0)
      await calm()
    })

    test('what was begun and cut off is finished by whoever opens the volume, though neither the area nor its user has anything left', async () => {
      await vzfs.areas.relink(1, all)
      const before = await seen(vzfs, 1)
      await vzfs.close()
      // Killed where the files are about to move to their places.
      const program = new URL('../testing/cut-relink-child.ts', import.meta.url).pathname
      const { signal, stderr } = spawnSync(process.execPath, [program, join(path, 'vzfs'), '1', 'os@1'], { encoding: 'utf8' })
      assert.equal(signal, 'SIGKILL', stderr)
      assert.ok(lstatSync(join(path, 'vzfs/areas/1/relink.json')).isFile())
      const { bytes, inodes } = project(1)
      quota.setLimits('project', projectOf(base(1)), { ...NO_QUOTA_LIMITS, bytesHard: bytes, inodesHard: inodes })
      const user = quota.account('user', base(1) + USER)
      quota.setLimits('user', base(1) + USER, { ...NO_QUOTA_LIMITS, bytesHard: user.bytes, inodesHard: user.inodes })
      vzfs = await open()
      assert.deepEqual(
        readdirSync(join(vzfs.path, 'areas/1')).filter((name) => /relink|\.new|\.old/.test(name)),
        [],
      )
      assert.deepEqual(await seen(vzfs, 1), before)
      assert.equal(project(1).limits.inodesHard, inodes)
      await free()
      assert.deepEqual(await vzfs.check({ contents: true }), [])
    })
  })
