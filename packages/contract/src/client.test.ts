import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiFailure, type Transport, type TransportAnswer, createClient } from './light.ts'

interface Asked {
  readonly method: string
  readonly path: string
  readonly body: unknown
}

function clientOf(answer: TransportAnswer): { client: ReturnType<typeof createClient<string>>; asked: Asked[] } {
  const asked: Asked[] = []
  const transport: Transport<string> = {
    request: async ({ method, path, body }) => {
      asked.push({ method, path, body })
      return answer
    },
    openEvents: async function* (path, since) {
      yield { path, since }
    },
    openSocket: async (path) => path,
  }
  return { client: createClient(transport), asked }
}

test('a route becomes a method: path, query and body from typed input', async () => {
  const { client, asked } = clientOf({ status: 200, json: { task: { id: 7 } } })
  assert.equal((await client.vpsDestroy({ params: { vps: 'web' }, query: { force: true, wait: 3 } })).task.id, 7)
  await client.vpsCreate({ body: { name: 'web', template: 'micro' } })
  await client.vpsStop({ params: { vps: '101' } })
  await client.taskList({ query: { state: undefined, limit: 5 } })
  await client.vpsList()
  assert.deepEqual(asked, [
    { method: 'DELETE', path: '/v1/vps/web?force=true&wait=3', body: undefined },
    { method: 'POST', path: '/v1/vps', body: { name: 'web', template: 'micro' } },
    { method: 'POST', path: '/v1/vps/101/stop', body: {} },
    { method: 'GET', path: '/v1/tasks?limit=5', body: undefined },
    { method: 'GET', path: '/v1/vps', body: undefined },
  ])
})

test('what the types refuse', () => {
  const { client } = clientOf({ status: 200, json: {} })
  // @ts-expect-error the name of the VPS is missing
  const missing = () => client.vpsShow()
  // @ts-expect-error there is no such field
  const unknown = () => client.vpsCreate({ body: { name: 'a', template: 'b', colour: 'red' } })
  // @ts-expect-error health takes nothing
  const extra = () => client.health({ params: { vps: 'web' } })
  for (const call of [missing, unknown, extra]) assert.equal(typeof call, 'function')
})

test('a refusal is thrown with what it says', async () => {
  const error = { code: 'busy', message: 'web is being started', remedy: 'wait', details: [{ path: 'a', message: 'b' }] }
  const { client } = clientOf({ status: 409, json: { error } })
  await assert.rejects(client.vpsStart({ params: { vps: 'web' } }), (failure: unknown) => {
    assert.ok(failure instanceof ApiFailure)
    assert.deepEqual([failure.exit, failure.status, failure.retryable], [5, 409, true])
    assert.deepEqual(failure.toJSON(), error)
    return true
  })
})

test('an answer that is no refusal of ours is a fault, not a crash', async () => {
  for (const json of [
    null,
    undefined,
    'no',
    {},
    { error: {} },
    { error: { code: 'nonsense', message: 'x' } },
    { error: { code: 'busy' } },
  ]) {
    await assert.rejects(clientOf({ status: 502, json }).client.health(), {
      code: 'internal',
      message: 'the node answered 502 without saying why',
    })
  }
})

test('streams have paths of their own', async () => {
  const { client } = clientOf({ status: 200, json: {} })
  assert.equal(await client.exec('web'), '/v1/vps/web/exec')
  assert.equal(await client.console('101'), '/v1/vps/101/console')
  const seen: unknown[] = []
  for await (const event of client.events({ since: 4 })) seen.push(event)
  assert.deepEqual(seen, [{ path: '/v1/events', since: 4 }])
})
