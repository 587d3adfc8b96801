/** Templates from archives, as tasks. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWorld } from './world.ts'

const WAIT = { query: { wait: 20 } }

test('an import is a task that makes a version, is alone of its name, and can be cancelled', async () => {
  await using world = await openWorld()
  const { client } = await world.boot()
  const { task } = await client.templateImport({ ...WAIT, body: { name: 'mine', file: '/root/mine.tar' } })
  assert.deepEqual([task.kind, task.subject, task.state], ['template.import', 'mine', 'done'])
  const { lines } = await client.taskLog({ params: { task: task.id } })
  assert.ok(lines.some(({ text }) => text === '/root/mine.tar was read'))
  assert.equal((await client.templateShow({ params: { template: 'mine' } })).template.name, 'mine')

  const { task: endless } = await client.templateImport({ query: {}, body: { name: 'slow', file: '/endless' } })
  const again = client.templateImport({ ...WAIT, body: { name: 'slow', file: '/root/mine.tar' } })
  await assert.rejects(again, /cannot import template "slow": task \d+ is building it/)
  await client.taskCancel({ params: { task: endless.id }, ...WAIT })
  assert.equal((await client.taskShow({ params: { task: endless.id }, ...WAIT })).task.state, 'cancelled')
  const { task: after } = await client.templateImport({ ...WAIT, body: { name: 'slow', file: '/root/mine.tar' } })
  assert.equal(after.state, 'done')
})
