import assert from 'node:assert/strict'
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { SystemCallFailed } from '../libc/libc.ts'
import { realPrivateMounts } from '../mounts/real.ts'
import { realProcessRunner } from '../process/real.ts'
import { realUserNamespaces } from '../userns/real.ts'
import { realVolumes } from '../volume/real.ts'
import { realFileCalls } from './real.ts'
import { readUnbuffered } from './unbuffered.ts'

const files = realFileCalls()
const code = (expected: string) => (error: unknown) => error instanceof SystemCallFailed && error.code === expected

function directory(t: TestContext): string {
  const path = mkdtempSync('/var/tmp/insula-files-')
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function fileIn(parent: string, name: string | Buffer, contents = ''): Buffer {
  const path = Buffer.concat([Buffer.from(`${parent}/`), Buffer.from(name)])
  writeFileSync(path, contents)
  return path
}

test('extended attributes: made, replaced, listed, read, removed', (t) => {
  const path = fileIn(directory(t), Buffer.of(0x61, 0xff, 0x0a))
  assert.deepEqual(files.listXattrs(path), [])
  files.setXattr(path, 'user.b', Buffer.from([0, 1, 255]))
  files.setXattr(path, 'trusted.a', Buffer.alloc(0))
  files.setXattr(path, 'user.b', Buffer.from('longer than before'))
  assert.deepEqual(files.listXattrs(path), ['trusted.a', 'user.b'])
  assert.equal(files.getXattr(path, 'user.b')?.toString(), 'longer than before')
  assert.equal(files.getXattr(path, 'trusted.a')?.length, 0)
  assert.equal(files.getXattr(path, 'user.c'), null)
  files.removeXattr(path, 'user.b')
  assert.deepEqual(files.listXattrs(path), ['trusted.a'])
  assert.throws(() => files.removeXattr(path, 'user.b'), code('ENODATA'))
})

test('attributes of a symbolic link are its own', (t) => {
  const parent = directory(t)
  const target = fileIn(parent, 'target')
  const link = Buffer.from(join(parent, 'link'))
  symlinkSync('target', link)
  files.setXattr(link, 'trusted.own', Buffer.from('x'))
  assert.deepEqual(files.listXattrs(target), [])
  assert.deepEqual(files.listXattrs(link), ['trusted.own'])
})

test('times to the nanosecond, before 1970 too, of a link itself', (t) => {
  const parent = directory(t)
  const path = fileIn(parent, 'file')
  const link = Buffer.from(join(parent, 'link'))
  symlinkSync('file', link)
  for (const [access, modification] of [
    [1n, 1_700_000_000_123_456_789n],
    [-1n, -1_500_000_001n],
    [0n, 999_999_999n],
  ] as const) {
    files.setTimes(path, access, modification)
    files.setTimes(link, modification, access)
    const [file, own] = [lstatSync(path, { bigint: true }), lstatSync(link, { bigint: true })]
    assert.deepEqual([file.atimeNs, file.mtimeNs], [access, modification])
    assert.deepEqual([own.atimeNs, own.mtimeNs], [modification, access])
  }
})

test('fifos and device nodes', (t) => {
  const parent = directory(t)
  const [fifo, whiteout] = [Buffer.from(join(parent, 'fifo')), Buffer.from(join(parent, 'whiteout'))]
  files.makeNode(fifo, 0o010600, 0)
  files.makeNode(whiteout, 0o020000, 0)
  assert.ok(lstatSync(fifo).isFIFO())
  assert.ok(lstatSync(whiteout).isCharacterDevice())
  assert.equal(lstatSync(whiteout).rdev, 0)
  assert.throws(() => files.makeNode(fifo, 0o010600, 0), code('EEXIST'))
})

test('a rename never replaces', (t) => {
  const parent = directory(t)
  const [from, to] = [fileIn(parent, 'from', 'new'), fileIn(parent, 'to', 'old')]
  assert.equal(files.renameNew(from, to), false)
  assert.equal(readFileSync(to, 'utf8'), 'old')
  rmSync(to)
  assert.equal(files.renameNew(from, to), true)
  assert.equal(readFileSync(to, 'utf8'), 'new')
  assert.throws(() => files.renameNew(from, to), code('ENOENT'))
})

test('a lock is held by one open file, until it is closed', (t) => {
  const path = fileIn(directory(t), 'lock')
  const [first, second] = [openSync(path, 'r'), openSync(path, 'r')]
  try {
    assert.equal(files.lock(first), true)
    assert.equal(files.lock(first), true)
    assert.equal(files.lock(second), false)
  } finally {
    closeSync(first)
  }
  assert.equal(files.lock(second), true)
  files.syncFileSystem(second)
  closeSync(second)
  assert.throws(() => files.syncFileSystem(second), code('EBADF'))
})

test('data and holes of a sparse file are found', (t) => {
  const path = fileIn(directory(t), 'sparse')
  const fd = openSync(path, 'r+')
  ftruncateSync(fd, 1 << 20)
  assert.equal(files.nextData(fd, 0), null)
  writeSync(fd, Buffer.alloc(65_536, 1), 0, 65_536, 1 << 19)
  assert.equal(files.nextData(fd, 0), 1 << 19)
  assert.equal(files.nextHole(fd, 1 << 19), (1 << 19) + 65_536)
  assert.equal(files.nextHole(fd, 0), 0)
  closeSync(fd)
})

test('flags of inodes are set besides others', (t) => {
  const fd = openSync(fileIn(directory(t), 'flagged'), 'r')
  const [NOATIME, NODUMP] = [0x40, 0x80]
  files.addInodeFlags(fd, NODUMP)
  files.addInodeFlags(fd, NOATIME)
  assert.equal(files.inodeFlags(fd) & (NOATIME | NODUMP), NOATIME | NODUMP)
  closeSync(fd)
})

test('what is read unbuffered is the file, of whatever length', (t) => {
  for (const length of [0, 1, 4095, 4096, 1 << 20, (1 << 20) + 1, 3_000_001]) {
    const bytes = Buffer.alloc(length, 'what is read')
    const path = fileIn(directory(t), `${length}`)
    writeFileSync(path, bytes)
    const parts = [...readUnbuffered(path)].length
    assert.equal(parts, Math.ceil(length / (1 << 20)), `${length}`)
    assert.ok(Buffer.concat(Array.from(readUnbuffered(path), (part) => Buffer.from(part))).equals(bytes), `${length}`)
  }
})

test('a NUL byte cannot shorten a path or a name', (t) => {
  const path = fileIn(directory(t), 'file')
  assert.throws(() => files.listXattrs(Buffer.concat([path, Buffer.from('\0x')])), TypeError)
  assert.throws(() => files.setXattr(path, 'user.a\0b', Buffer.alloc(0)), TypeError)
})

test('the error of a call is the error of that call, whatever the engine does meanwhile', (t) => {
  const missing = Buffer.from(join(directory(t), 'missing'))
  let garbage: unknown[] = []
  for (let round = 0; round < 20_000; round++) {
    garbage.push(Array.from({ length: 200 }, () => round))
    if (garbage.length > 5000) garbage = []
    assert.throws(() => files.listXattrs(missing), code('ENOENT'))
  }
})

test('names that are more than the kernel lists at once: all of them on XFS, an error elsewhere', async (t) => {
  const beside = mkdtempSync('/var/tmp/insula-files-')
  const [image, mounted] = [join(beside, 'image'), join(beside, 'mounted')]
  const volumes = realVolumes({
    runner: realProcessRunner(),
    mounts: realPrivateMounts(),
    userNamespaces: realUserNamespaces(),
  })
  await volumes.ensureLoopVolume(image, mounted, 320 * 1024 ** 2)
  t.after(async () => {
    await volumes.detach(mounted)
    rmSync(beside, { recursive: true })
  })
  const path = fileIn(mounted, Buffer.of(0x61, 0xff, 0x0a))
  const names = Array.from({ length: 700 }, (_, nth) => `user.${`${nth}`.padStart(5, '0')}${'\xe4'.repeat(235)}`)
  for (const name of names) files.setXattr(path, name, Buffer.of(1))
  files.setXattr(path, 'trusted.more', Buffer.of(1))
  const acl = Buffer.from('0200000001000600ffffffff0200060007000000040004ffffffffff10000600ffffffff20000400ffffffff', 'hex')
  acl.writeUInt16LE(4, 22)
  files.setXattr(path, 'system.posix_acl_access', acl)
  assert.deepEqual(files.listXattrs(path), ['system.posix_acl_access', 'trusted.SGI_ACL_FILE', 'trusted.more', ...names])
  const lower = mkdtempSync(join(mounted, 'lower-'))
  renameSync(path, join(lower, 'seen'))
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(mounted, name)) as [string, string, string]
  for (const made of [upper, work, root]) mkdirSync(made)
  await realProcessRunner().run([
    'mount',
    '-t',
    'overlay',
    '-o',
    `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
    'overlay',
    root,
  ])
  try {
    assert.throws(() => files.listXattrs(Buffer.from(join(root, 'seen'))), code('E2BIG'))
  } finally {
    await realProcessRunner().run(['umount', root])
  }
})
