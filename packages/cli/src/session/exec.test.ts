import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { OPEN, runCli, startCli, until } from '../fake/run-cli.ts'
import { withNode } from '../fake/with-node.ts'

const fake = withNode()
const exec = async (args: readonly string[], stdin: Parameters<typeof runCli>[1]['stdin'] = null) =>
  runCli(['exec', ...args], { socketPath: fake.node.socketPath, stdin })

test('stdout and stderr stay apart, the exit code is passed on', async () => {
  const { code, stdout, stderr } = await exec(['web', 'both'])
  assert.deepEqual({ code, stdout: stdout.toString(), stderr }, { code: 3, stdout: 'to out\n', stderr: 'to err\n' })
})

test('a megabyte of anything comes back as it went', async () => {
  const bytes = randomBytes(1024 * 1024 + 7)
  const { code, stdout } = await exec(['web', 'cat'], bytes)
  assert.equal(code, 0)
  assert.ok(stdout.equals(bytes), `${stdout.length} bytes came back, or others`)
})

test('stdin may be a file, /dev/null or a closed descriptor', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'insula-exec-'))
  const file = join(directory, 'input')
  const bytes = randomBytes(300_000)
  writeFileSync(file, bytes)
  const descriptor = openSync(file, 'r')
  const nothing = openSync('/dev/null', 'r')
  try {
    assert.ok((await exec(['web', 'cat'], descriptor)).stdout.equals(bytes))
    assert.deepEqual(await exec(['web', 'cat'], nothing), { code: 0, signal: null, stdout: Buffer.alloc(0), stderr: '' })
    // A directory can be opened but not read: as if it were empty.
    const unreadable = openSync(directory, 'r')
    assert.equal((await exec(['web', 'cat'], unreadable)).code, 0)
    closeSync(unreadable)
  } finally {
    closeSync(descriptor)
    closeSync(nothing)
    rmSync(directory, { recursive: true })
  }
})

test('a pipe that is never ended does not keep it from ending', async () => {
  const { code, stdout } = await exec(['web', 'echo', 'done'], OPEN)
  assert.deepEqual({ code, out: stdout.toString() }, { code: 0, out: 'done\n' })
})

test('exit codes as a shell has them', async () => {
  assert.equal((await exec(['web', 'exit', '255'])).code, 255)
  assert.equal((await exec(['web', 'killed'])).code, 137)
  const missing = await exec(['web', 'nosuch'])
  assert.equal(missing.code, 127)
  assert.match(missing.stderr, /^insula: web: missing: not found$/m)
})

test('what keeps a command from running is said with its own exit code', async () => {
  const unknown = await exec(['nobody', 'true'])
  assert.deepEqual([unknown.code, unknown.stdout.length], [3, 0])
  assert.match(unknown.stderr, /there is no VPS 'nobody'/)
  const stopped = await exec(['off', 'true'])
  assert.equal(stopped.code, 4)
  assert.match(stopped.stderr, /off is stopped\n {2}insula start off/)
  const refused = await exec(['web', 'refuse'])
  assert.equal(refused.code, 70)
  assert.match(refused.stderr, /the keeper is away/)
})

test('user, directory, environment and no terminal reach the node', async () => {
  const { stdout } = await exec(['web', '-u', 'bob', '-w', '/tmp', '-e', 'A=1=2', '-e', 'B=', 'opened', '-x'])
  assert.deepEqual(JSON.parse(stdout.toString()), { argv: ['opened', '-x'], user: 'bob', cwd: '/tmp', env: { A: '1=2', B: '' } })
})

test('signals are passed to the command', async () => {
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    const child = startCli(['exec', 'web', 'sleep'], { socketPath: fake.node.socketPath })
    await until(() => !!fake.node.state.sockets.size)
    await sleep(200)
    child.kill(signal)
    assert.deepEqual(await child.ended, { code, signal: null })
  }
})

test('a reader that does not read stops the command, not the memory', async () => {
  fake.node.state.sentBytes = 0
  const child = startCli(['exec', 'web', 'flood'], { socketPath: fake.node.socketPath })
  await until(() => fake.node.state.sentBytes > 0)
  let before = -1
  for (let round = 0; round < 40 && fake.node.state.sentBytes !== before; round++) {
    before = fake.node.state.sentBytes
    await sleep(250)
  }
  assert.equal(fake.node.state.sentBytes, before, 'the command was never stopped')
  assert.ok(before > 0 && before < 8 * 1024 * 1024, `${before} bytes are waiting somewhere`)
  child.stdout?.destroy()
  assert.deepEqual(await child.ended, { code: 141, signal: null })
})

test('a node that goes away ends it with "unavailable"', async () => {
  const child = startCli(['exec', 'web', 'sleep'], { socketPath: fake.node.socketPath })
  await until(() => !!fake.node.state.sockets.size)
  const chunks: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  for (const socket of fake.node.state.sockets) socket.terminate()
  assert.equal((await child.ended).code, 9)
  assert.match(Buffer.concat(chunks).toString(), /before the command had ended/)
})

test('enter in a pipe reads its commands from there', async () => {
  const { stdout } = await runCli(['enter', 'web', '-u', 'bob'], { socketPath: fake.node.socketPath, stdin: 'uname\n' })
  const { argv, user, tty, read } = JSON.parse(stdout.toString()) as { argv: string[]; user: string; tty?: unknown; read: string }
  assert.deepEqual([user, tty, read], ['bob', undefined, 'uname\n'])
  assert.match(argv.join(' '), /^\/bin\/sh -c .*exec \/bin\/bash -l; exec \/bin\/sh -l$/)
})
