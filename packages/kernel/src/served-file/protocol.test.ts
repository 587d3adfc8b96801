import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { answerTo, failed, type Request, requestIn, resend } from './protocol.ts'

const READ = 15
const OPEN = 14
const INIT = 26
const answers = { owner: 300_000, contents: (pid: number) => Buffer.from(`for ${pid}`) }

function request(opcode: number, body: Buffer = Buffer.alloc(64)): Request {
  const header = Buffer.alloc(40)
  header.writeUInt32LE(opcode, 4)
  header.writeBigUInt64LE(77n, 8)
  header.writeUInt32LE(4_711, 32)
  return requestIn(Buffer.concat([header, body]))
}

const reading = (offset: number, size: number): Request => {
  const body = Buffer.alloc(40)
  body.writeBigUInt64LE(BigInt(offset), 8)
  body.writeUInt32LE(size, 16)
  return request(READ, body)
}

/** Length, error and what follows. */
function parts(answer: Buffer | null) {
  assert.ok(answer)
  assert.equal(answer.readUInt32LE(0), answer.length)
  assert.equal(answer.readBigUInt64LE(8), 77n)
  return { error: answer.readInt32LE(4), body: answer.subarray(16) }
}

test('a read gets its part of what was made for this reader, and nothing behind the end', () => {
  assert.equal(parts(answerTo(reading(0, 100), answers)).body.toString(), 'for 4711')
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), (offset, size) => {
      const whole = Buffer.from('for 4711')
      assert.deepEqual(parts(answerTo(reading(offset, size), answers)).body, whole.subarray(offset, offset + size))
    }),
  )
})

test('each read has to come to us: opened for direct input and output', () => {
  assert.equal(parts(answerTo(request(OPEN), answers)).body.readUInt32LE(8), 1)
})

test('the kernel hears a version that it speaks, and the least length of writing', () => {
  const { body } = parts(answerTo(request(INIT), answers))
  assert.deepEqual([body.readUInt32LE(0), body.readUInt32LE(4), body.readUInt32LE(20), body.length], [7, 31, 4096, 64])
})

test('stat shows a file for reading that belongs to its owner', () => {
  const attr = parts(answerTo(request(3), answers)).body.subarray(16)
  assert.equal(attr.length, 88)
  assert.equal(attr.readBigUInt64LE(8), 8n, 'as long as what this reader would get')
  assert.deepEqual([attr.readUInt32LE(60), attr.readUInt32LE(68), attr.readUInt32LE(72)], [0o100444, 300_000, 300_000])
})

test('nobody waits for an answer to a forget or an interrupt; what is not known is refused; a failure is an error', () => {
  for (const opcode of [2, 36, 42]) assert.equal(answerTo(request(opcode), answers), null)
  assert.equal(parts(answerTo(request(22), answers)).error, -constants.errno.ENOSYS)
  assert.equal(parts(failed(request(READ))).error, -constants.errno.EIO)
})

test('the wish for what was not answered is a notification, which has no number', () => {
  const bytes = resend()
  assert.deepEqual([bytes.length, bytes.readInt32LE(4), bytes.readBigUInt64LE(8)], [16, 7, 0n])
})
