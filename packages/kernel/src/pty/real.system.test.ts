import assert from 'node:assert/strict'
import { closeSync, fstatSync } from 'node:fs'
import { test } from 'node:test'
import { realProcessRunner } from '../process/real.ts'
import { openPipe, openPty, realGiveDescriptor } from './pty.ts'

const as = (id: number) => ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'] as const
const OWNER = { uid: 300_000, gid: 300_005 }

test('what is given to a user is opened again by that one, and by no other', async () => {
  using pty = openPty()
  const pipe = openPipe()
  const open = (path: string, uid: number) =>
    realProcessRunner().run([...as(uid), 'perl', '-e', 'open(my $file, "+<", shift) or exit(1)', path], { accept: [0, 1] })
  const path = (fd: number): string => `/proc/${process.pid}/fd/${fd}`
  for (const fd of [pty.slave, pipe.write]) {
    realGiveDescriptor(fd, OWNER.uid, OWNER.gid)
    const { uid, gid } = fstatSync(fd)
    assert.deepEqual({ uid, gid }, OWNER, path(fd))
  }
  assert.deepEqual([(await open(pty.path, OWNER.uid)).code, (await open(pty.path, OWNER.uid + 1)).code], [0, 1])
  for (const end of [pipe.read, pipe.write]) closeSync(end)
})
