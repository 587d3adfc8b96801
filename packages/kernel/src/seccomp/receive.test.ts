import assert from 'node:assert/strict'
import { closeSync, existsSync, fstatSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openPipe } from '../pty/pty.ts'
import { sendDescriptor } from '../testing/send-descriptor.ts'
import { credentialsIn } from './caller.ts'
import { type HandedListener, receiveListeners } from './receive.ts'

interface Receiver {
  readonly path: string
  readonly logged: string[]
  next(): Promise<HandedListener>
}

async function receiver(t: TestContext): Promise<Receiver> {
  const directory = mkdtempSync(join(tmpdir(), 'insula-listener-'))
  const path = join(directory, 'socket')
  const arrived: HandedListener[] = []
  const logged: string[] = []
  const socket = receiveListeners(
    path,
    (listener) => void arrived.push(listener),
    (message) => void logged.push(message),
  )
  await socket.ready
  t.after(() => {
    socket[Symbol.dispose]()
    rmSync(directory, { recursive: true })
  })
  return {
    path,
    logged,
    async next() {
      for (let round = 0; arrived.length === 0 && round < 5_000; round++) await turn()
      const [first] = arrived.splice(0, 1)
      assert.ok(first, 'nothing arrived')
      return first
    },
  }
}

const state = (id: string): string => JSON.stringify({ ociVersion: '1.0.0', fds: ['seccompFd'], pid: 7, state: { id, pid: 7 } })

test('a listener comes with the id of its container, and the socket is for its owner only', async (t) => {
  const { path, next } = await receiver(t)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const { read, write } = openPipe()
  // Several at once: each command in a container brings one.
  for (const id of ['101', '102', '101']) sendDescriptor(path, write, state(id))
  for (const id of ['101', '102', '101']) {
    const listener = await next()
    assert.equal(listener.id, id)
    assert.equal(fstatSync(listener.fd).ino, fstatSync(write).ino)
    closeSync(listener.fd)
  }
  for (const fd of [read, write]) closeSync(fd)
})

test('a state that is longer than a message still tells its container', async (t) => {
  const { path, next } = await receiver(t)
  const { read, write } = openPipe()
  sendDescriptor(path, write, state('103').replace(/\}\}$/, `,"annotations":{"x":"${'y'.repeat(10_000)}"}}}`))
  const listener = await next()
  assert.equal(listener.id, '103')
  for (const fd of [listener.fd, read, write]) closeSync(fd)
})

test('what is no listener is closed and said', async (t) => {
  const { path, logged } = await receiver(t)
  const { read, write } = openPipe()
  sendDescriptor(path, null)
  sendDescriptor(path, write, '{"state":')
  for (let round = 0; logged.length < 2 && round < 5_000; round++) await turn()
  assert.deepEqual(logged, Array(2).fill(`${path}: somebody connected and handed over no listener`))
  for (const fd of [read, write]) closeSync(fd)
})

test('the socket goes with its receiver', async (t) => {
  const { path } = await receiver(t)
  t.after(() => assert.ok(!existsSync(path)))
})

test('credentials are those of proc_pid_status(5)', () => {
  const status = [
    'Name:\tmknod',
    'Umask:\t0027',
    'Uid:\t1\t2\t3\t4',
    'Gid:\t5\t6\t7\t8',
    'Groups:\t5 300007 ',
    'CapPrm:\t0000000000000000',
    'CapEff:\t00000000a80425fb',
  ].join('\n')
  assert.deepEqual(credentialsIn(status), {
    effectiveUid: 2,
    effectiveGid: 6,
    fileUid: 4,
    fileGid: 8,
    groups: [5, 300_007],
    umask: 0o027,
    effective: 0xa80425fbn,
  })
  assert.throws(() => credentialsIn(status.replace('Umask', 'U')), /the caller has ended/)
})

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))
