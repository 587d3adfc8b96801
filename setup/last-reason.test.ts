import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastReason } from './last-reason.ts'

test('the error of the last line, or its text', () => {
  const failed = '{"level":50,"err":{"message":"file is not a database","stack":"..."},"msg":"insulad cannot serve instance x"}'
  assert.equal(lastReason(`{"msg":"older"}\n${failed}\n`), 'file is not a database')
  assert.equal(lastReason('{"level":30,"msg":"insulad serves instance x"}\n'), 'insulad serves instance x')
})

test('what Node writes when it cannot start is taken as it is, and silence is no reason', () => {
  assert.equal(lastReason('node:internal/modules\nError: Cannot find module\n'), 'Error: Cannot find module')
  assert.equal(lastReason(''), null)
  assert.equal(lastReason('{"level":30}'), null)
})
