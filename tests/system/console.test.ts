import assert from 'node:assert/strict'
import { test } from 'node:test'
import { realProcessRunner } from '@insula/kernel'
import { testNode, until } from './support/node.ts'

const node = await testNode(['micro', 'debian-12'])
const runner = realProcessRunner()
const ROOT = new URL('../..', import.meta.url).pathname

/** Runs `insula ARGS` on a terminal of util-linux's script(1), types `keys` after a while, and returns what the screen got. */
async function onTerminal(
  args: readonly string[],
  keys: readonly (readonly [afterMs: number, text: string])[],
  deadline = 30_000,
): Promise<string> {
  const typing = keys.map(([after, text]) => `sleep ${after / 1000}; printf '${text}'`).join('; ')
  const command = `(${typing}) | INSULA_INSTANCE=${node.instance.name} script -qefc '${ROOT}bin/insula ${args.join(' ')}' /dev/null`
  const { stdout } = await runner.run(['sh', '-c', command], {
    deadline,
    accept: [0, 1, 2, 5, 130, 137],
    env: { TERM: 'xterm', HOME: '/root' },
  })
  return stdout
}

test('exec on a terminal is one: size, colours, control characters, exit code', async () => {
  const name = await node.running('tty', ['--template', 'debian-12'])
  const screen = await onTerminal(
    ['exec', '-t', name, 'sh'],
    [
      [700, 'tty; stty size; trap "echo caught" INT; sleep 5\\n'],
      [700, '\\003'],
      [500, 'exit 5\\n'],
    ],
  )
  assert.match(screen, /\/dev\/pts\/\d/)
  assert.match(screen, /caught/)
})

test('the console is the real one: scrollback comes first, input reaches the getty, keys detach, and it survives a restart of insulad', async () => {
  const name = await node.running('shown', ['--template', 'debian-12'])
  await until('a login prompt', async () => (await node.ok('logs', name)).includes('login:'))
  const screen = await onTerminal(
    ['console', name],
    [
      [1_000, 'nosuchuser\\n'],
      [1_500, '\\035.'],
    ],
  )
  assert.match(screen, /shown login:/)
  assert.match(screen, /Password:/)
  // Nobody types there, so it shows what was on it and ends.
  assert.match(await node.ok('console', name), /Debian[\s\S]*shown login:/)
  await node.killAndAwait('insulad')
  await node.ok('exec', name, '--', 'sh', '-c', 'echo after the restart > /dev/console')
  await until('it shows', async () => (await node.ok('logs', name)).includes('after the restart'))
})
