import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onTerminal } from '../fake/on-terminal.ts'
import { withNode } from '../fake/with-node.ts'

const fake = withNode()
const terminal = (args: readonly string[], options: { size?: [number, number]; after?: string } = {}) =>
  onTerminal(args, { socketPath: fake.node.socketPath, ...options })

test('exec on a terminal: a pty of its size, keys as they are typed, the terminal restored', async () => {
  const screen = terminal(['exec', 'web', 'keys'], { size: [101, 31], after: 'stty -a' })
  await screen.until('101x31')
  // A line feed of a full-screen program is no carriage return.
  await screen.until('101x31\r\n>\n<')
  await screen.resize(90, 20)
  await screen.until('90x20')
  screen.type('a\u0003')
  await screen.until('<61')
  await screen.until(/03>/)
  screen.type('q')
  assert.equal(await screen.ended, 7)
  assert.match(screen.shown(), /\sisig icanon /, 'the terminal was left raw')
  assert.match(screen.shown(), /\nopost /, 'the terminal was left without output processing')
})

test('exec -T on a terminal: no pty', async () => {
  const screen = terminal(['exec', '-T', 'web', 'opened'])
  assert.equal(await screen.ended, 0)
  assert.doesNotMatch(screen.shown(), /tty/)
})

test('console: scrollback, keys, detach', async () => {
  fake.node.state.scrollback = 'booted\r\nlogin: '
  const screen = terminal(['console', 'web'], { after: 'stty -a' })
  await screen.until('login: ')
  await screen.until('To detach: Ctrl-] then .\r\n')
  screen.type('root')
  await screen.until('login: root')
  screen.type('\u001D')
  screen.type('.')
  assert.equal(await screen.ended, 0)
  assert.match(screen.shown(), / icanon /)
})

test('console: one that the node does not open is not said to be attached to', async () => {
  fake.node.state.consoleRefusal = { code: 'conflict', message: 'it is stopped' }
  const screen = terminal(['console', 'web'])
  assert.equal(await screen.ended, 4)
  fake.node.state.consoleRefusal = null
  assert.doesNotMatch(screen.shown(), /Attached/)
})

test('console: other keys, and the end of the VPS', async () => {
  const detaching = terminal(['console', 'web', '--detach-keys', 'ctrl-p,q'])
  await detaching.until('Ctrl-p then q')
  detaching.type('\u0010q')
  assert.equal(await detaching.ended, 0)
  const stopping = terminal(['console', 'web'])
  await stopping.until('To detach')
  stopping.type('poweroff')
  assert.equal(await stopping.ended, 0)
  assert.match(stopping.shown(), /web has stopped/)
})

test('console comes back when insulad is restarted, and shows nothing twice', async () => {
  fake.node.state.scrollback = 'the only line\r\n'
  const screen = terminal(['console', 'web'])
  await screen.until('the only line')
  await screen.until('To detach')
  await fake.node.restart(400)
  await screen.until('connected again')
  screen.type('still here')
  await screen.until('still here')
  assert.equal(screen.shown().split('the only line').length, 2)
  screen.type('\u001D.')
  assert.equal(await screen.ended, 0)
})

test('destroy asks on a terminal', async () => {
  const no = terminal(['destroy', 'off'])
  await no.until('Destroy off and all files in it? [y/N]')
  no.type('n\n')
  assert.equal(await no.ended, 10)
  assert.match(no.shown(), /nothing was destroyed/)
  assert.ok(fake.node.state.find('off') !== undefined)
  const yes = terminal(['destroy', 'off'])
  await yes.until('[y/N]')
  yes.type('y\n')
  assert.equal(await yes.ended, 0)
  assert.equal(fake.node.state.find('off'), undefined)
})

test('progress is one line that redraws itself and goes away', async () => {
  fake.node.state.taskMilliseconds = 700
  const screen = terminal(['restart', 'web'])
  assert.equal(await screen.ended, 0)
  fake.node.state.taskMilliseconds = 0
  assert.ok(screen.shown().includes('\r\u001B[Kweb: working (25%)'))
  assert.ok(screen.shown().endsWith('\r\u001B[Krestarted web\r\n'))
})
