import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { drainOf, encodeControl, encodeFrame, FRAME, frameReader, type FrameType, parseControl } from './wire.ts'

const frame = fc.record({ type: fc.constantFrom<FrameType>(0, 1, 2, 3), payload: fc.uint8Array({ maxLength: 300 }) })

test('frames come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ type, payload }) => encodeFrame(type, payload)))
      const seen: { type: number; payload: Uint8Array }[] = []
      const read = frameReader((type, payload) => seen.push({ type, payload: Uint8Array.from(payload) }))
      for (let at = 0; at < bytes.length;) {
        const next = at + (cuts.next().value ?? 1)
        read(bytes.subarray(at, next))
        at = next
      }
      assert.deepEqual(
        seen,
        frames.map(({ type, payload }) => ({ type, payload: Uint8Array.from(payload) })),
      )
    }),
  )
})

test('a control frame carries JSON', () => {
  let seen: unknown
  frameReader((type, payload) => (seen = type === FRAME.control && parseControl(payload)))(encodeControl({ n: 1, op: 'list' }))
  assert.deepEqual(seen, { n: 1, op: 'list' })
})

test('a length that cannot be is refused before memory is spent on it', () => {
  const nonsense = Buffer.from([1, 0xff, 0xff, 0xff, 0xff])
  assert.throws(() => frameReader(() => undefined)(nonsense), /frame of 4294967295 bytes/)
})

test('however many wait until a connection takes more, two listeners wait for them', async () => {
  const duplex = new Duplex({ highWaterMark: 1, read: () => undefined, write: (_chunk, _encoding, done) => setImmediate(done) })
  const socket = duplex as unknown as Socket
  const drained = drainOf(socket)
  await drained()
  for (let round = 0; round < 2; round += 1) {
    duplex.write('more than it takes')
    const before = socket.listenerCount('close')
    const waiting = Array.from({ length: 20 }, () => drained())
    assert.deepEqual([socket.listenerCount('drain'), socket.listenerCount('close') - before], [1, 1])
    await Promise.all(waiting)
    assert.deepEqual([socket.listenerCount('drain'), socket.listenerCount('close') - before], [0, 0])
  }
  duplex.write('more than it takes')
  const waiting = drained()
  duplex.destroy()
  await waiting
})
