import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createRawServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { type WebSocket, WebSocketServer } from 'ws'
import { ApiFailure } from '@insula/contract'
import { type ClientSocket, messageReader, openWebSocket } from './websocket.ts'

const directory = mkdtempSync(join(tmpdir(), 'insula-ws-'))
const node = { socketPath: join(directory, 'sock'), instance: 'insula' }
let server: Server
let connected: (socket: WebSocket) => void = () => undefined

before(async () => {
  server = createServer((_, response) => response.writeHead(418).end('not a socket'))
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => connected(socket))
  await new Promise<void>((resolve) => server.listen(node.socketPath, resolve))
})
after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(directory, { recursive: true })
})

async function pair(): Promise<{ client: ClientSocket; peer: WebSocket }> {
  const peer = new Promise<WebSocket>((resolve) => (connected = resolve))
  const client = await openWebSocket(node, '/')
  return { client, peer: await peer }
}

test('text and binary messages of every size arrive whole, in order, both ways', async () => {
  const { client, peer } = await pair()
  const sizes = [0, 1, 123, 124, 125, 126, 127, 65_533, 65_534, 65_535, 65_536, 1_048_576]
  const sent = sizes.map((size) => randomBytes(size))
  const atPeer: Buffer[] = []
  peer.on('message', (data) => {
    atPeer.push(data as Buffer)
    peer.send(data)
  })
  const back: Buffer[] = []
  const all = new Promise<void>((resolve) => {
    client.onMessage = (message) => {
      if (typeof message === 'string') resolve()
      else back.push(message)
    }
  })
  for (const bytes of sent) client.sendBinary(1, bytes)
  client.sendText('größer')
  peer.on('message', (data, binary) => {
    if (!binary) peer.send(data as Buffer, { binary: false })
  })
  await all
  const expected = sent.map((bytes) => Buffer.concat([Buffer.of(1), bytes]))
  assert.deepEqual(atPeer.slice(0, -1).map(String), expected.map(String))
  assert.ok(expected.every((bytes, at) => back[at]?.equals(bytes)))
  client.close()
})

test('pings are answered, fragments are joined', async () => {
  const { client, peer } = await pair()
  const pong = new Promise<string>((resolve) => peer.once('pong', (data) => resolve(data.toString())))
  const got = new Promise<string>((resolve) => {
    client.onMessage = (message) => resolve(String(message))
  })
  peer.ping('are you there')
  peer.send('one ', { fin: false })
  peer.send('two ', { fin: false })
  peer.send('three', { fin: true })
  assert.equal(await pong, 'are you there')
  assert.equal(await got, 'one two three')
  client.close()
})

test('closing has a code and a reason; breaking off is 1006', async () => {
  const first = await pair()
  const closing = new Promise<[number, string]>((resolve) => (first.client.onClose = (...all) => resolve(all)))
  first.peer.close(4001, 'enough')
  assert.deepEqual(await closing, [4001, 'enough'])
  const second = await pair()
  const broken = new Promise<number>((resolve) => (second.client.onClose = resolve))
  second.peer.terminate()
  assert.equal(await broken, 1006)
  const third = await pair()
  const told = new Promise<number>((resolve) => third.peer.on('close', resolve))
  third.client.close()
  assert.equal(await told, 1000)
})

test('a client that pauses makes the server wait; a server that pauses is known to the client', async () => {
  const { client, peer } = await pair()
  client.pause()
  await sleep(50)
  client.pause()
  for (let at = 0; at < 64; at++) peer.send(Buffer.alloc(65_536))
  await sleep(200)
  assert.ok(peer.bufferedAmount > 1_000_000, `only ${peer.bufferedAmount} bytes wait at the server`)
  peer.pause()
  let full = false
  for (let at = 0; at < 64 && !full; at++) full = !client.sendBinary(0, Buffer.alloc(65_536))
  assert.ok(full, 'send never said that it is enough')
  const drained = new Promise<void>((resolve) => (client.onDrain = resolve))
  peer.resume()
  client.resume()
  await drained
  client.close()
})

test('a refusal of the upgrade is the refusal in its body', async () => {
  const body = JSON.stringify({ error: { code: 'conflict', message: 'web is stopped', remedy: 'insula start web' } })
  const answers = [
    `HTTP/1.1 409 Conflict\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    `HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ]
  for (const answer of answers) {
    const raw = createRawServer((socket) => socket.once('data', () => socket.end(answer)))
    const socketPath = join(directory, 'raw')
    await new Promise<void>((resolve) => raw.listen(socketPath, resolve))
    await assert.rejects(openWebSocket({ socketPath, instance: 'insula' }, '/'), (error: unknown) => {
      assert.ok(error instanceof ApiFailure)
      assert.deepEqual([error.code, error.message, error.remedy], ['conflict', 'web is stopped', 'insula start web'])
      return true
    })
    await new Promise((resolve) => raw.close(resolve))
  }
})

test('nobody there, not allowed and not a socket are told apart', async () => {
  const missing = openWebSocket({ socketPath: join(directory, 'missing'), instance: 'lab' }, '/')
  await assert.rejects(missing, (error: unknown) => {
    assert.ok(error instanceof ApiFailure)
    assert.equal(error.code, 'unavailable')
    assert.match(error.message, /lab at .*missing: there is no such socket/)
    assert.match(error.remedy ?? '', /insula doctor --instance lab.*sudo \.\/up --instance lab/s)
    return true
  })
})

test('frames are read the same however the bytes are cut', () => {
  const frames = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 70_000 })), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
      const bytes = Buffer.concat(
        messages.map(([text, payload]) => serverFrame(text ? 1 : 2, text ? Buffer.from(payload.join()) : payload)),
      )
      const points = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])].toSorted((a, b) => a - b)
      const got: (Buffer | string)[] = []
      const read = messageReader({
        message: (message) => got.push(typeof message === 'string' ? message : Buffer.from(message)),
        ping: () => undefined,
        close: () => undefined,
        broken: assert.fail,
      })
      for (const [at, from] of points.slice(0, -1).entries()) read(bytes.subarray(from, points[at + 1]))
      assert.deepEqual(
        got,
        messages.map(([text, payload]) => (text ? payload.join() : Buffer.from(payload))),
      )
    }),
    { numRuns: 60 },
  )
})

test('what is no proper frame of a server ends it', () => {
  const broken = (...bytes: number[]) => {
    const why: string[] = []
    const read = messageReader({
      message: () => undefined,
      ping: () => undefined,
      close: () => undefined,
      broken: (said) => why.push(said),
    })
    read(Buffer.from(bytes))
    return why.length
  }
  assert.equal(broken(0x82, 0x81, 0, 0, 0, 0, 1), 1, 'masked')
  assert.equal(broken(0xc2, 0x00), 1, 'a reserved bit')
  assert.equal(broken(0x80, 0x00), 1, 'a continuation of nothing')
  assert.equal(broken(0x83, 0x00), 1, 'an unknown opcode')
  assert.equal(broken(0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0), 1, 'a terabyte')
})

function serverFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload
  const header = length < 126 ? Buffer.of(length) : length < 65_536 ? Buffer.of(126, length >> 8, length & 255) : Buffer.alloc(9)
  if (length >= 65_536) {
    header[0] = 127
    header.writeBigUInt64BE(BigInt(length), 1)
  }
  return Buffer.concat([Buffer.of(0x80 | opcode), header, payload])
}
