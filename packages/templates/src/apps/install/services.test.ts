import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Inside, InsideFailed } from './inside.ts'
import { parseWords, withServices } from './services.ts'

test('the last words of a few services, and nothing that is none', () => {
  assert.equal(parseWords(''), '')
  assert.equal(parseWords('no tab\n\tno unit\nbad unit\twords\n'), '')
  assert.equal(
    parseWords('a.service\tone\nb@x\\x2d.service\tbind() failed\na.service\ttwo \n'),
    'a.service does not run and said: one | two; b@x\\x2d.service does not run and said: bind() failed',
  )
  const many = parseWords(Array.from({ length: 40 }, (_, at) => `u${at % 8}.service\t${'x'.repeat(9_000)}\n`).join(''))
  assert.ok(many.length < 4_000 && many.includes('u2.service') && !many.includes('u3.service'), many)
})

test('a failure tells what services have said, as it is heard', async () => {
  const inside: Inside = {
    async run(_argv, { onLine } = {}) {
      onLine?.('redis.service\tbad directive: requirepass (secret)')
      return { code: 0, stdout: 'redis.service\tbad directive: requirepass 12345678', tail: [], late: false }
    },
  }
  const failing = async (): Promise<void> => {
    throw new InsideFailed('health check', 'it does not answer', 'look')
  }
  await assert.rejects(withServices({ inside }, failing), {
    message: 'it does not answer; redis.service does not run and said: bad directive: requirepass (secret)',
    remedy: 'look',
  })
})
