/** What overlayfs keeps of POSIX and what it does not, with the options that areas are mounted with: docs/vzfs-posix.md says the same in words. */

import assert from 'node:assert/strict'
import { constants, copyFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { type Hand, handIn, handInArea, owner } from './testing/hand.ts'
import { contentsOf, LARGE, THEN } from './testing/sample-tree.ts'
import { xfsVolume } from './testing/xfs-volume.ts'

const { O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } = constants
const O_PATH = 0o10000000
/** flock(2), fcntl(2), inotify(7) */
const [LOCK_EX_NB, F_WRLCK, IN_MODIFY] = [6, 1, 2]
const [EXCHANGE, WHITEOUT] = [2, 4]
const LAYER = 'sample@1'
/** acl(5): user 1000 may read. */
const NAMED =
  '\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\xe8\x03\0\0\x04\0\x04\0\xff\xff\xff\xff\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff'

interface Stats {
  readonly ino: number
  readonly dev: number
  readonly mode: number
  readonly nlink: number
  readonly mtime: string
  readonly atime: string
}

const held = new AsyncDisposableStack()
after(() => held.disposeAsync())
const { vzfs } = held.use(await xfsVolume())
const own = held.use(await owner(904 * 65_536))
await build(LAYER)
await build('sample@2')

/** A new area for each test: every file is shared in it. */
let hand: Hand
let last = 0
const stat = async (place: string | number): Promise<Stats> => (await hand.do('stat', place)) as Stats
const open = (slot: number, path: string, flags: number) => hand.do('open', slot, path, flags)
const read = (slot: number, length: number) => hand.do('read', slot, length, 0)
beforeEach(async () => {
  await hand?.[Symbol.asyncDispose]()
  hand = held.use(await mounted(await created()))
})

describe('kept', () => {
  test('inode and device numbers over a change, in every mount, and as directories tell them', async () => {
    const [file, directory] = [await stat('a'), await stat('d')]
    assert.equal(file.dev, directory.dev)
    await open(1, 'a', O_WRONLY)
    await hand.do('write', 1, 'new', 0)
    await hand.do('chmod', 'd', 0o700)
    await open(1, 'd/new', O_CREAT | O_WRONLY)
    assert.deepEqual([(await stat('a')).ino, (await stat('d')).ino], [file.ino, directory.ino])
    assert.deepEqual([(await stat('a')).dev, (await stat('d')).dev], [file.dev, file.dev])
    for (const path of ['.', 'd']) {
      const told = (await hand.do('numbers', path)) as [string, number][]
      for (const [name, inode] of told) assert.equal(inode, (await stat(`${path}/${name}`)).ino, name)
    }
    await using again = await mounted(last)
    assert.equal(((await again.do('stat', 'a')) as Stats).ino, file.ino)
  })

  test('a file that was opened for reading before it was changed shows the change', async () => {
    await open(1, 'a', O_RDONLY)
    assert.equal(await read(1, 3), contentsOf('a').slice(0, 3))
    await open(2, 'a', O_WRONLY)
    await hand.do('write', 2, 'new', 0)
    assert.equal(await read(1, 3), 'new')
    assert.equal((await stat(1)).ino, (await stat('a')).ino)
  })

  test('a watch sees a change of a file that was shared when it began', async () => {
    await hand.do('watch', 1, 'a', IN_MODIFY)
    await open(2, 'a', O_WRONLY)
    await hand.do('write', 2, 'new', 0)
    assert.deepEqual(await hand.do('events', 1), [IN_MODIFY])
  })

  test('locks hold over a change', async () => {
    await open(1, 'a', O_RDONLY)
    await hand.do('flock', 1, LOCK_EX_NB)
    await open(2, 'a', O_RDWR)
    await hand.do('write', 2, 'new', 0)
    assert.deepEqual(await hand.try(['flock', 2, LOCK_EX_NB]), { errno: 'EAGAIN' })
    await hand.do('lock', 2, F_WRLCK, 0, 10)
    await open(3, 'a', O_RDWR)
    assert.deepEqual(await hand.try(['lock', 3, F_WRLCK, 5, 10]), { errno: 'EAGAIN' })
  })

  test('a program that runs cannot be written to, and one that is being written cannot be run', async () => {
    const child = await hand.do('start', ['/busybox', 'sleep', '60'])
    assert.deepEqual(await hand.try(['open', 1, 'busybox', O_WRONLY]), { errno: 'ETXTBSY' })
    await hand.do('end', child)
    await open(1, 'busybox', O_WRONLY)
    assert.deepEqual(await hand.try(['start', ['/busybox', 'true']]), { errno: 'ETXTBSY' })
  })

  test('a directory can be renamed, exchanged and moved, a path that was opened leads on to it', async () => {
    await open(1, 'd', O_PATH)
    await hand.do('rename', 'd', 'moved')
    await hand.do('mkdir', 'other')
    await hand.do('rename', 'moved', 'other', EXCHANGE)
    assert.deepEqual(await hand.do('readdir', 'other'), ['a'])
    assert.equal((await stat(1)).ino, (await stat('other')).ino)
  })

  test('each area is a file system with a number of its own, in every mount', async () => {
    const number = await hand.do('fileSystem', '/')
    await using again = await mounted(last)
    assert.equal(await again.do('fileSystem', '/'), number)
    await using other = await mounted(await created())
    assert.notEqual(await other.do('fileSystem', '/'), number)
  })

  test('two names that a VPS gave a file stay one file', async () => {
    await hand.do('link', 'a', 'again')
    await open(1, 'again', O_WRONLY)
    await hand.do('write', 1, 'new', 0)
    await open(2, 'a', O_RDONLY)
    assert.equal(await read(2, 3), 'new')
    assert.deepEqual([(await stat('a')).ino, (await stat('a')).nlink], [(await stat('again')).ino, 2])
  })
})

describe('not kept', () => {
  test('two names of a file of the template become two files when it is changed', async () => {
    const before = await stat('linked-1')
    await hand.do('chmod', 'linked-1', 0o600)
    const [changed, other] = [await stat('linked-1'), await stat('linked-2')]
    assert.deepEqual([before.nlink, changed.nlink, other.nlink], [2, 1, 2])
    assert.notEqual(changed.ino, other.ino)
  })

  test('a mapping made before the first write does not show it', async () => {
    await open(1, 'a', O_RDONLY)
    await hand.do('map', 1, LARGE, true, false)
    await open(2, 'a', O_WRONLY)
    await hand.do('write', 2, 'new', 0)
    assert.equal(await hand.do('mapRead', 1, 0, 3), contentsOf('a').slice(0, 3))
    await open(1, 'a', O_RDONLY)
    await hand.do('map', 1, LARGE, true, false)
    assert.equal(await hand.do('mapRead', 1, 0, 3), 'new')
  })

  test('a shared file that is open for reading cannot be changed any more once it is deleted', async () => {
    await open(1, 'a', O_RDONLY)
    await hand.do('unlink', 'a')
    assert.deepEqual(await hand.try(['fchmod', 1, 0o600]), { errno: 'EEXIST' })
    assert.deepEqual(await hand.try(['reopen', 2, 1, O_RDWR]), { errno: 'EEXIST' })
    assert.equal(await read(1, 3), contentsOf('a').slice(0, 3))
  })

  test('to open a file for writing whose mode was changed gives it a new time', async () => {
    await hand.do('chmod', 'a', 0o600)
    assert.equal((await stat('a')).mtime, THEN)
    await open(1, 'a', O_WRONLY)
    assert.notEqual((await stat('a')).mtime, THEN)
    await open(1, 'b', O_WRONLY)
    assert.equal((await stat('b')).mtime, THEN)
  })

  test('a directory that is moved to where a shared file was deleted gets a new time', async () => {
    await hand.do('unlink', 'd/a')
    await hand.do('rename', 'e', 'd/a')
    assert.notEqual((await stat('d/a')).mtime, THEN)
  })

  test('reading a shared file does not change its time of access', async () => {
    await open(1, 'a', O_RDONLY)
    await read(1, 3)
    assert.equal((await stat('a')).atime, THEN)
  })

  test('what goes through a fifo does not change its time', async () => {
    await open(1, 'fifo', O_RDWR)
    await hand.do('append', 1, 'through')
    assert.equal((await stat('fifo')).mtime, THEN)
  })

  test('set-id bits go with a reflink that has nothing to copy', async () => {
    for (const name of ['new', 'empty']) await hand.do('open', name === 'new' ? 1 : 2, name, O_CREAT | O_RDWR)
    await hand.do('chmod', 'new', 0o4755)
    await hand.do('cloneRange', 2, 0, 0, 1, 0)
    assert.equal((await stat('new')).mode & 0o7777, 0o755)
  })

  test('the time of birth is that of the first change', async () => {
    const before = Number(await hand.do('birth', 'a'))
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await hand.do('chmod', 'a', 0o600)
    assert.notEqual(Number(await hand.do('birth', 'a')), before)
  })

  test('the link count of a directory tells nothing about directories in it', async () => {
    assert.equal((await stat('.')).nlink, 1)
  })

  test('no whiteouts and no handles', async () => {
    assert.deepEqual(await hand.try(['rename', 'a', 'moved', WHITEOUT]), { errno: 'EINVAL' })
    assert.deepEqual(await hand.try(['mknod', 'white', 0o020000, 0]), { errno: 'EPERM' })
    assert.deepEqual(await hand.try(['handle', 'a']), { errno: 'ENOTSUP' })
  })

  test('names in the access list of a file of the template are lost when it is changed, on XFS', async () => {
    assert.equal(await hand.do('getxattr', 'named', 'system.posix_acl_access'), NAMED)
    await hand.do('chown', 'named', 5, 5)
    assert.notEqual(await hand.do('getxattr', 'named', 'system.posix_acl_access'), NAMED)
  })
})

describe('why index is off', () => {
  const withIndex = async (id: number) => {
    const plan = await vzfs.areas.plan(id)
    return { ...plan, options: plan.options.map((option) => (option === 'index=off' ? 'index=on' : option)) }
  }
  const changed = async (): Promise<number> => {
    const id = await created()
    await using first = await handInArea(await withIndex(id), own)
    await first.do('open', 1, 'linked-1', O_WRONLY)
    await first.do('write', 1, 'new', 0)
    await first.do('open', 2, 'linked-2', O_RDONLY)
    // This is what it is good for.
    assert.equal(await first.do('read', 2, 3, 0), 'new')
    return id
  }

  test('an area could get no other layers, and no layer of its own', async () => {
    const plan = await withIndex(await changed())
    const other = join(vzfs.path, 'layers/sample@2/tree')
    for (const layers of [[other], [other, ...plan.layers]])
      await assert.rejects(async () => handInArea({ ...plan, layers }, own), /ESTALE/)
  })

  test('a copy of an area would show files as they were before', async () => {
    const [from, to] = [await withIndex(await changed()), await withIndex(await created())]
    cpSync(from.upper, to.upper, { recursive: true, preserveTimestamps: true })
    await using copy = await handInArea(to, own)
    await copy.do('open', 1, 'linked-1', O_RDONLY)
    await copy.do('open', 2, 'linked-2', O_RDONLY)
    assert.equal(await copy.do('read', 1, 3, 0), 'new')
    assert.equal(await copy.do('read', 2, 3, 0), contentsOf('linked-1').slice(0, 3))
  })
})

async function created(): Promise<number> {
  await vzfs.areas.create(++last, own.base, [LAYER], null)
  return last
}

async function mounted(id: number): Promise<Hand> {
  return handInArea(await vzfs.areas.plan(id), own)
}

async function build(layer: string): Promise<void> {
  const source = await vzfs.scratch()
  copyFileSync('/usr/bin/busybox', join(source, 'busybox'))
  await using maker = await handIn(source)
  for (const name of ['d', 'e']) await maker.do('mkdir', name)
  for (const name of ['a', 'b', 'd/a', 'linked-1', 'named']) {
    await maker.do('open', 1, name, O_CREAT | O_WRONLY)
    await maker.do('write', 1, contentsOf(name), 0)
  }
  await maker.do('setxattr', 'named', 'system.posix_acl_access', NAMED)
  await maker.do('link', 'linked-1', 'linked-2')
  await maker.do('mknod', 'fifo', 0o010644)
  for (const name of ['a', 'b', 'fifo', 'd/a', 'd', 'e', '.']) await maker.do('utimens', name, THEN, THEN)
  await vzfs.layers.build(layer, source)
}
