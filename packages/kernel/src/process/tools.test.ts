import assert from 'node:assert/strict'
import { test } from 'node:test'
import { couldNotStart } from './tools.ts'

test('says why: not installed, no directory, or what the kernel said', () => {
  assert.equal(couldNotStart('no-such-command', 'ENOENT'), 'was not found')
  assert.equal(couldNotStart('/no/such/command', 'ENOENT'), 'was not found')
  assert.equal(couldNotStart('cat', 'ENOENT', '/no/such'), 'could not be started: its working directory /no/such does not exist')
  assert.equal(couldNotStart('cat', 'EACCES'), 'could not be started (EACCES)')
  // A script whose interpreter is missing.
  assert.equal(couldNotStart('/bin/cat', 'ENOENT'), 'could not be started (ENOENT)')
})
