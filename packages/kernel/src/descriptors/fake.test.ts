import assert from 'node:assert/strict'
import { closeSync, fstatSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { openPipe } from '../pty/pty.ts'
import { fakeDescriptorStore } from './fake.ts'

test('what is kept lives on when its giver has closed it, until it is dropped', () => {
  const { read, write } = openPipe()
  using store = fakeDescriptorStore()
  store.store('pipe', write)
  closeSync(write)
  const [inherited = -1] = store.inherit().values()
  writeSync(inherited, 'x')
  closeSync(inherited)
  assert.deepEqual(
    [...store.inherit()].map(([name, fd]) => [name, (closeSync(fd), fd > 2)]),
    [['pipe', true]],
  )
  store.drop('pipe')
  store.drop('pipe')
  assert.equal(store.inherit().size, 0)
  assert.ok(fstatSync(read).isFIFO())
  closeSync(read)
  assert.throws(() => store.store('closed', 1_000_000), /EBADF/)
})
