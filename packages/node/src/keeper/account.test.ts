import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfinedRoot } from '@insula/kernel'
import { findAccount } from './account.ts'

const PASSWD =
  'root:x:0:0:root:/root:/bin/bash\nwww:x:33:33::/var/www:/usr/sbin/nologin\n7up:x:1000:1000::/home/7up:\nbad:x:99999999:0::/:\n'
const GROUP = 'root:x:0:\nadm:x:4:www,7up\nwww:x:33:\nstaff:x:50:\nhuge:x:4294967295:www\n'

const rootWith = (files: Record<string, string>): Pick<ConfinedRoot, 'read'> => ({ read: (path) => files[path] ?? null })
const root = rootWith({ '/etc/passwd': PASSWD, '/etc/group': GROUP })

test('a name brings its ids, home, shell and supplementary groups; ids outside the VPS are left out', () => {
  assert.deepEqual(findAccount(root, 'www'), {
    name: 'www',
    uid: 33,
    gid: 33,
    groups: [4],
    home: '/var/www',
    shell: '/usr/sbin/nologin',
  })
})

test('a number is looked up as an id, and needs no entry', () => {
  assert.equal(findAccount(root, '1000').name, '7up')
  assert.deepEqual(findAccount(root, '4242'), { name: '4242', uid: 4242, gid: 0, groups: [], home: '/', shell: '/bin/sh' })
})

test('a group may be named or numbered', () => {
  assert.equal(findAccount(root, 'root:staff').gid, 50)
  assert.equal(findAccount(root, '0:12').gid, 12)
})

test('what does not exist or lies outside of the VPS is refused by name', () => {
  assert.throws(() => findAccount(root, 'nobody'), /no user "nobody"/)
  assert.throws(() => findAccount(root, 'root:nope'), /no group "nope"/)
  assert.throws(() => findAccount(root, '70000'), /0 to 65535/)
  assert.throws(() => findAccount(root, 'bad'), /0 to 65535/)
  assert.throws(() => findAccount(root, 'root:huge'), /0 to 65535/)
})

test('a VPS without account files still has its root by number', () => {
  assert.equal(findAccount(rootWith({}), '0').uid, 0)
  assert.equal(findAccount(rootWith({}), 'root').home, '/root')
})
