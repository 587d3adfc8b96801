import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shown } from './shown.ts'

test('what a terminal would obey is shown, and JSON stays what it is', () => {
  assert.equal(shown('a\tb\r\nc äß €\r\n'), 'a\tb\r\nc äß €\r\n')
  assert.equal(shown('/srv/\x1b]0;mine\x07\r\x7f\x9b2J'), '/srv/\\u001b]0;mine\\u0007\\u000d\\u007f\\u009b2J')
  const value = { path: 'x\x1b\x9b\x7f\n"' }
  assert.deepEqual(JSON.parse(shown(JSON.stringify(value, null, 2))), value)
})
