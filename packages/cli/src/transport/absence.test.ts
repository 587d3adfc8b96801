import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fakeNode } from '../fake/fake-node.ts'
import { fakeVps } from '../fake/fake-state.ts'
import { runCli } from '../fake/run-cli.ts'
import { withNode } from '../fake/with-node.ts'

const fake = withNode()

for (const [way, args] of [
  ['a request', ['list', '-q']],
  ['a session', ['exec', 'web', 'echo', 'web']],
] as const) {
  test(`${way} waits for an insulad that is being started again`, async () => {
    const directory = dirname(fake.socketPath)
    const socketPath = join(directory, 'again.sock')
    const pidFile = join(directory, 'supervisor.pid')
    const alone = await runCli(args, { socketPath })
    assert.equal(alone.code, 9, 'nobody would start it')
    writeFileSync(pidFile, `${process.pid}\n`)
    const waiting = runCli(args, { socketPath })
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const node = await fakeNode(socketPath)
    node.state.vps.set(101, fakeVps(101, 'web', { state: 'running' }))
    try {
      const { code, stdout, stderr } = await waiting
      assert.deepEqual([code, stdout.toString(), stderr], [0, 'web\n', ''])
    } finally {
      await node.close()
      rmSync(pidFile)
    }
  })
}

test('a supervisor that died is waited for by nobody', async () => {
  const directory = dirname(fake.socketPath)
  const pidFile = join(directory, 'supervisor.pid')
  // Above any pid that there can be: pid_max, proc_sys_kernel(5).
  writeFileSync(pidFile, '5000000\n')
  const { code, stderr } = await runCli(['list'], { socketPath: join(directory, 'again.sock') })
  assert.equal(code, 9)
  assert.match(stderr, /there is no such socket/)
  rmSync(pidFile)
})
