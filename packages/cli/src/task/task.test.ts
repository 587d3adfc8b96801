import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Task } from '@insula/contract/light'
import { line } from './progress.ts'
import { notAll } from './task-columns.ts'

const running = { subject: 'shop', state: 'running' } as Task
const step = (text: string, done = 0, total: number | null = null) => line({ ...running, progress: { step: text, done, total } })

test('a line of progress names what it works on once', () => {
  assert.equal(line({ ...running, progress: null }), 'shop: working')
  assert.equal(step('shop: nginx: installing'), 'shop: nginx: installing')
  assert.equal(step('shopping: nginx', 1, 3), 'shop: shopping: nginx (33%)')
})

test('a task that is done tells of those that it was not done to', () => {
  const ended = (...outcomes: string[]) =>
    notAll({ state: 'done', result: { app: 'nginx', vps: outcomes.map((outcome) => ({ outcome })) } })
  assert.equal(ended('done', 'unchanged', 'planned'), null)
  assert.equal(ended('done', 'failed'), '1 of 2 failed')
  assert.equal(ended('failed', 'done', 'untried', 'untried'), '1 of 4 failed, 2 not tried')
  assert.equal(notAll({ state: 'done', result: null }), null)
  assert.equal(notAll({ state: 'running', result: null }), null)
})
