import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App, Inside } from '@insula/templates'
import { within, withoutSecrets } from './work-for.ts'

test('so many lines and bytes are kept, and then it is said that there were more', () => {
  const told: string[] = []
  const take = within((line) => told.push(line), { lines: 3, bytes: 100 })
  for (const line of ['a', 'b', 'c', 'd', 'e']) take(line)
  assert.deepEqual(told, ['a', 'b', 'c', 'there was more, which is left out'])
  told.length = 0
  const short = within((line) => told.push(line), { lines: 100, bytes: 5 })
  for (const line of ['abc', 'äö', 'f']) short(line)
  assert.deepEqual(told, ['abc', 'there was more, which is left out'])
})

test('what a script says of a secret is not heard', async () => {
  const said = 'requirepass a$b"c.d|e'
  const inside: Inside = {
    async run(_argv, { onLine } = {}) {
      onLine?.(said)
      return { code: 1, stdout: said, tail: [said, 'port 80'], late: false }
    },
  }
  const parameters: App['parameters'] = {
    port: { type: 'port', about: 'where' },
    password: { type: 'secret', about: 'of it' },
  }
  const lines: string[] = []
  const { stdout, tail } = await withoutSecrets(inside, { parameters }, { port: '80', password: 'a$b"c.d|e' }).run(['script'], {
    onLine: (line) => lines.push(line),
  })
  const hidden = 'requirepass (secret)'
  assert.deepEqual([stdout, tail, lines], [said, [hidden, 'port 80'], [hidden]])
})
