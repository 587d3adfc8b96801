import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seldom } from './seldom.ts'

test('twenty lines a minute, and how many there were besides', () => {
  const lines: string[] = []
  let time = 0
  const log = seldom(
    (line) => void lines.push(line),
    () => time,
  )
  for (let line = 0; line < 1_000; line++) log(`${line}`)
  assert.deepEqual(
    lines,
    Array.from({ length: 20 }, (_, line) => `${line}`),
  )
  time = 60_000
  log('later')
  assert.deepEqual(lines.slice(20), ['980 more lines like these were left out', 'later'])
})
