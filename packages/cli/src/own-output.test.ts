import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeVps } from './fake/fake-state.ts'
import { MAIN, runCli, startCli, startProgram } from './fake/run-cli.ts'
import { withNode } from './fake/with-node.ts'

const fake = withNode()

/** Run with its stdout there; what it says on stderr. */
async function into(path: string, args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const stdout = openSync(path, 'w')
  try {
    const { code, stderr } = await runCli(args, { socketPath: fake.node.socketPath, stdout })
    return { code, said: stderr }
  } finally {
    closeSync(stdout)
  }
}

const FULL = 'insula: cannot write the output: no space is left where it goes\n'

test('output that cannot be written is no success, whatever the command', async () => {
  fake.node.state.scrollback = 'booted\n'
  fake.node.state.events.push({
    id: 1,
    at: new Date(0).toISOString(),
    vps: 101,
    kind: 'vps.created',
    data: { name: 'web' },
  })
  for (const words of [
    'list',
    'list --json',
    'logs web',
    'logs web --follow',
    'task list',
    '--help',
    'help exit-codes',
    'list --help',
    'completion bash',
    'show web',
    'doctor',
    'events --since 0',
    'version',
  ]) {
    assert.deepEqual(await into('/dev/full', words.split(' ')), { code: 74, said: FULL }, words)
  }
  const attached = await into('/dev/full', ['console', 'web'])
  assert.deepEqual([attached.code, attached.said.split('\n')[1]], [74, FULL.trim()])
  const exec = await into('/dev/full', ['exec', 'web', 'both'])
  // What the command says on stderr may come before.
  assert.deepEqual([exec.code, exec.said.replace('to err\n', '')], [74, FULL])
})

test('a file that takes only a part of the output is no success either', async () => {
  for (let id = 1000; id < 1100; id++) fake.node.state.vps.set(id, fakeVps(id, `vps-${id}`))
  const directory = mkdtempSync(join(tmpdir(), 'insula-output-'))
  const file = join(directory, 'list')
  // A limit on the size of files cuts a write short, as a volume does that becomes full.
  const script = `trap '' XFSZ; ulimit -f 4; exec "$0" "$@" >${file}`
  const child = startProgram('bash', ['-c', script, process.execPath, MAIN, 'list', '--json'], {
    stdio: ['ignore', 'inherit', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', INSULA_SOCKET: fake.node.socketPath },
  })
  assert.deepEqual(await child.ended, { code: 74, signal: null })
  assert.equal(readFileSync(file).length, 4096)
  rmSync(directory, { recursive: true })
})

test('a console whose reader goes away ends quietly', async () => {
  fake.node.state.scrollback = 'x'.repeat(3_000_000)
  const child = startCli(['console', 'web'], { socketPath: fake.node.socketPath })
  const said: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk))
  child.stdout?.once('data', () => child.stdout?.destroy())
  assert.deepEqual(await child.ended, { code: 141, signal: null })
  assert.match(Buffer.concat(said).toString(), /^Attached to .*\n$/)
})
