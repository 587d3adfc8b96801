import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getSystemErrorName } from 'node:util'
import { errorCode } from './error-code.ts'
import { SystemCallFailed } from './libc.ts'

test('a call that failed is told by the name of its errno, also where Node has none', () => {
  const node = (errno: number) => Object.assign(new Error('write'), { errno: -errno, code: getSystemErrorName(-errno) })
  assert.equal(errorCode(node(28)), 'ENOSPC')
  assert.equal(errorCode(Object.assign(new Error('write'), { errno: -122, code: 'UNKNOWN' })), 'EDQUOT')
  assert.equal(errorCode(Object.assign(new Error('write'), { errno: -512, code: 'UNKNOWN' })), 'UNKNOWN')
  assert.equal(errorCode(new SystemCallFailed('write', 122)), 'EDQUOT')
  for (const other of [new Error('x'), 'ENOSPC', null]) assert.equal(errorCode(other), undefined)
})
