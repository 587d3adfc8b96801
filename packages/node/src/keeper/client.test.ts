import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connectKeeper, type KeeperClient } from './client.ts'
import { type Call, encodeControl, frameReader, parseControl } from './wire.ts'

/** A keeper that ends, as by SIGKILL, when it is asked for the first so many times, and answers from then on. */
async function keeperThatEnds(t: TestContext, times: number): Promise<{ client: KeeperClient; asked: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'insula-client-'))
  const asked: string[] = []
  const server = createServer((socket) => {
    const read = frameReader((_type, payload) => {
      const { n, op } = parseControl(payload) as unknown as Call
      asked.push(op)
      if (asked.length <= times) socket.destroy()
      else socket.write(encodeControl({ n, ok: null }))
    })
    socket.on('data', read)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(join(directory, 'socket'), resolve))
  const client = connectKeeper(join(directory, 'socket'))
  t.after(async () => {
    await client[Symbol.asyncDispose]()
    server.close()
    rmSync(directory, { recursive: true })
  })
  return { client, asked }
}

test('what may be done twice is asked of the next keeper when one ended in the middle of it', async (t) => {
  const { client, asked } = await keeperThatEnds(t, 1)
  await client.discard('101')
  assert.deepEqual(asked, ['discard', 'discard'])
})

test('what may not be done twice is not: the caller is told', async (t) => {
  const { client, asked } = await keeperThatEnds(t, 1)
  await assert.rejects(client.begin('101'), { code: 'unreachable' })
  assert.deepEqual(asked, ['begin'])
})

test('a keeper that ends each time is not asked for ever', async (t) => {
  const { client, asked } = await keeperThatEnds(t, 10)
  await assert.rejects(client.discard('101'), { code: 'unreachable' })
  assert.deepEqual(asked, ['discard', 'discard', 'discard'])
})
