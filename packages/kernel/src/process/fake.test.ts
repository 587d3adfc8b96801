import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processConformance } from './conformance.ts'
import { fakeProcessRunner, type ScriptedCommand } from './fake.ts'

const COREUTILS: readonly ScriptedCommand[] = [
  { argv: ['printf', 'one\\ntwo'], answer: { stdout: 'one\ntwo' } },
  { argv: ['cat'], answer: ({ options }) => ({ stdout: String(options.input ?? '') }) },
  { argv: ['cat', '/no/such/file'], answer: { code: 1, stderr: 'cat: /no/such/file: No such file or directory\n' } },
  { argv: ['sleep'], answer: () => new Promise(() => undefined) },
]

processConformance('the fake', () => fakeProcessRunner(COREUTILS))

test('records each run at once, and the longest argv answers', async () => {
  const runner = fakeProcessRunner([{ argv: ['ip'], answer: { stdout: 'any' } }])
  runner.script({ argv: ['ip', 'link'], answer: { stdout: 'links' } })
  const running = runner.run(['ip', 'link', 'show'])
  assert.deepEqual(runner.runs, [{ argv: ['ip', 'link', 'show'], options: {} }])
  assert.equal((await running).stdout, 'links')
  assert.equal((await runner.run(['ip', 'route'])).stdout, 'any')
})

test('a tool that is missing comes with the package to install', async () => {
  await assert.rejects(fakeProcessRunner().run(['no-mmdebstrap']), /^ProcessFailed: no-mmdebstrap was not found$/)
})
