import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mountTableOf, withQuota } from './mounts-file.ts'

const ROOT = 'vzfs / overlay rw,relatime,lowerdir=/a/b::/p,upperdir=/u,workdir=/w,redirect_dir=on,metacopy=on 0 0'
const REST = ['proc /proc proc rw,nosuid 0 0', 'tmpfs /srv tmpfs rw,relatime,size=64k 0 0', 'vzfs /mnt overlay rw 0 0', '']
const table = [ROOT, ...REST].join('\n')
const both = { user: true, group: true }

test('the root file system is one with quota on a device, with its own flags; every other line is the kernel’s', () => {
  const [first, ...others] = withQuota(table, both).split('\n')
  assert.equal(first, '/dev/root / xfs rw,relatime,usrquota,grpquota 0 0')
  assert.deepEqual(others, REST)
})

test('only the kinds that there are', () => {
  assert.match(withQuota(table, { user: false, group: true }), /^\/dev\/root \/ xfs rw,relatime,grpquota 0 0$/m)
  assert.equal(withQuota(table, { user: false, group: false }), table)
})

test('a table without such a root, as in a chroot, stays what it is', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (lines) => {
      const other = lines.filter((line) => !line.startsWith('vzfs / overlay')).join('\n')
      assert.equal(withQuota(other, both), other)
    }),
  )
})

test('the table is the reader’s; init’s where the reader is gone', () => {
  const [own] = mountTableOf(process.pid, 0).split('\n')
  assert.ok(own)
  assert.equal(mountTableOf(2 ** 30, process.pid).split('\n')[0], own)
  assert.throws(() => mountTableOf(2 ** 30, 2 ** 30))
})
