import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readablePath } from './entry.ts'

test('a path in a message is its text, and ends no line and colours nothing', () => {
  const latin1 = Buffer.from('srv/Grüße €').toString('latin1')
  assert.equal(readablePath(latin1), 'srv/Grüße €')
  assert.equal(readablePath('a\nrepaired all\x1b[31m\x7f'), String.raw`a\x0arepaired all\x1b[31m\x7f`)
  // The same as one character of C1, in UTF-8.
  assert.equal(readablePath('\xc2\x9b2J'), String.raw`\x9b2J`)
})
