import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mountAt, mountOf } from './mount-table.ts'

const TABLE = String.raw`
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
40 27 7:0 / /no/such/vol rw,relatime shared:5 - xfs /dev/loop0 rw,attr2,usrquota,prjquota
41 27 7:1 / /no/such/with\040space rw - btrfs /dev/loop1 rw
42 27 7:2 / /no/such/vol rw - ext4 /dev/loop2 rw
`

test('the mount at a path is the one on top, and exactly there', () => {
  assert.equal(mountAt('/no/such/vol', TABLE)?.type, 'ext4')
  assert.equal(mountAt('/no/such/with space', TABLE)?.device, '/dev/loop1')
  assert.equal(mountAt('/no/such/vol/sub', TABLE), null)
})

test('a mount is read-only when it or its file system is', () => {
  const table = String.raw`
50 27 7:0 / /no/such/ro ro,relatime - xfs /dev/loop0 rw
51 27 7:0 / /no/such/fs rw,relatime - xfs /dev/loop0 ro,attr2
`
  assert.deepEqual(
    ['/no/such/ro', '/no/such/fs'].map((path) => mountAt(path, table)?.readOnly),
    [true, true],
  )
  assert.equal(mountAt('/no/such/vol', TABLE)?.readOnly, false)
})

test('the mount of a path is the longest that holds it, by whole names', () => {
  assert.equal(mountOf('/no/such/vol/a/b', TABLE).device, '/dev/loop2')
  assert.equal(mountOf('/no/such/volume', TABLE).device, '/dev/vda')
  assert.deepEqual(mountOf('/no/such/with space/x', TABLE).options, ['rw'])
})
