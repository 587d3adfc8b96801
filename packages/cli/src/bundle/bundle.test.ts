import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { after, before, test } from 'node:test'
import { runProgram } from '../fake/run-cli.ts'
import { withNode } from '../fake/with-node.ts'
import { buildBundle } from './build.ts'
import { SOURCES_FILE } from './sources-file.ts'

const fake = withNode()
const directory = mkdtempSync(join(tmpdir(), 'insula-bundle-'))
let bundle = ''

before(async () => {
  bundle = await buildBundle(join(directory, 'made'))
})
after(() => rmSync(directory, { recursive: true }))

/** What it says, and whether it ran from TypeScript. */
async function insula(...args: string[]): Promise<{ code: number | null; out: string; err: string; sources: boolean }> {
  const env = { NODE_DEBUG: 'esm' }
  const traced = await runProgram(bundle, args, { socketPath: fake.node.socketPath, env })
  const { code, stdout, stderr } = await runProgram(bundle, args, { socketPath: fake.node.socketPath })
  return { code, out: stdout.toString(), err: stderr, sources: traced.stderr.includes('packages/cli/src/run.ts') }
}

test('the bundle does what the sources do, without them', async () => {
  assert.deepEqual(await insula('exec', 'web', 'both'), { code: 3, out: 'to out\n', err: 'to err\n', sources: false })
  assert.equal((await insula('list', '-q')).out, 'web\noff\n')
  const help = await insula('list', '--help')
  assert.match(help.out, /^Usage: insula list/)
  const wrong = await insula('list', '--jsn')
  assert.deepEqual([wrong.code, wrong.sources], [2, false])
  assert.match(wrong.err, /did you mean --json/)
  assert.match((await insula('version')).out, /^insula \d+\.\d+\.\d+$/m)
  assert.match((await insula('completion', 'bash')).out, /^complete -F _insula insula$/m)
})

test('when a source is newer than the bundle, the sources run', async () => {
  utimesSync(join(dirname(bundle), SOURCES_FILE), 1, 1)
  assert.deepEqual(await insula('exec', 'web', 'both'), { code: 3, out: 'to out\n', err: 'to err\n', sources: true })
})

test('it names its sources from where it lies, so that a checkout can be moved', () => {
  const sources = readFileSync(join(dirname(bundle), SOURCES_FILE), 'utf8').split('\n')
  assert.deepEqual(
    sources.filter((file) => isAbsolute(file)),
    [],
  )
})
