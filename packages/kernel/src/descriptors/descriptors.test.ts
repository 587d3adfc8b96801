import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdtempSync, readdirSync, readlinkSync, readSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAttached } from '../process/attached.ts'
import { openPipe } from '../pty/pty.ts'
import { inheritedDescriptors } from './inherited.ts'
import { notify } from './notify.ts'
import { type Notification, receiveNotifications } from './receive.ts'
import { openDescriptorStore, storeOver } from './store.ts'

const HERE = import.meta.dirname

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'insula-descriptors-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A supervisor's socket, and this process told to use it. */
function supervised(t: TestContext, path = join(directory(t), 'notify.sock')): { next(): Promise<Notification>; path: string } {
  const messages: Notification[] = []
  let arrived = Promise.withResolvers<void>()
  const receiver = receiveNotifications(path, (message) => {
    messages.push(message)
    arrived.resolve()
  })
  const before = process.env['NOTIFY_SOCKET']
  process.env['NOTIFY_SOCKET'] = path
  t.after(() => {
    receiver[Symbol.dispose]()
    if (before === undefined) delete process.env['NOTIFY_SOCKET']
    else process.env['NOTIFY_SOCKET'] = before
  })
  return {
    path,
    async next() {
      while (messages.length === 0) {
        await arrived.promise
        arrived = Promise.withResolvers()
      }
      return messages.shift() as Notification
    },
  }
}

test('a descriptor crosses, and a byte flows through it', async (t) => {
  const supervisor = supervised(t)
  const pipe = openPipe()
  openDescriptorStore().store('console-101', pipe.write)
  const message = await supervisor.next()
  assert.deepEqual(Object.fromEntries(message.fields), { FDSTORE: '1', FDPOLL: '0', FDNAME: 'console-101' })
  assert.equal(message.pid, process.pid)
  const [kept = -1, ...others] = message.descriptors
  assert.deepEqual(others, [])
  assert.notEqual(kept, pipe.write)
  closeSync(pipe.write)
  writeSync(kept, 'x')
  closeSync(kept)
  assert.equal(read(pipe.read), 'x')
  assert.equal(read(pipe.read), '', 'no copy of the writing end is left')
  closeSync(pipe.read)
})

test('messages keep their order and their text', async (t) => {
  const supervisor = supervised(t)
  const store = openDescriptorStore()
  for (let round = 0; round < 300; round++) store.drop(`number-${round}`)
  notify('READY=1\nSTATUS=all = well')
  const [names, statuses]: [string[], string[]] = [[], []]
  for (let round = 0; round < 301; round++) {
    const { fields } = await supervisor.next()
    names.push(...[fields.get('FDNAME') ?? []].flat())
    statuses.push(...[fields.get('STATUS') ?? []].flat())
  }
  assert.deepEqual(
    names,
    Array.from({ length: 300 }, (_, round) => `number-${round}`),
  )
  assert.deepEqual(statuses, ['all = well'])
})

test('a full queue delays; what is dropped meanwhile is never stored', async () => {
  let full = true
  const sent: string[] = []
  const store = storeOver((text) => {
    if (!full) sent.push(text.replaceAll('\n', ' '))
    return !full
  })
  store.store('a', 0)
  store.store('b', 0)
  store.drop('a')
  full = false
  store.store('c', 0)
  await sleep(200)
  assert.deepEqual(sent, ['FDSTORE=1 FDPOLL=0 FDNAME=b', 'FDSTOREREMOVE=1 FDNAME=a', 'FDSTORE=1 FDPOLL=0 FDNAME=c'])
})

test('a supervisor that is gone, or was never there, is no error', (t) => {
  const path = join(directory(t), 'gone.sock')
  for (const socket of [path, '@insula-nobody-listens-here', '', 'vsock:2:1']) {
    process.env['NOTIFY_SOCKET'] = socket
    const store = openDescriptorStore()
    store.store('x', 0)
    store.drop('x')
    notify('READY=1')
  }
  delete process.env['NOTIFY_SOCKET']
  openDescriptorStore().store('x', 0)
})

test('the mistakes of a caller are errors', (t) => {
  supervised(t)
  const store = openDescriptorStore()
  for (const name of ['', 'a:b', 'a\nFDSTOREREMOVE=1', 'ä', 'x'.repeat(256)]) assert.throws(() => store.store(name, 0), TypeError)
  assert.throws(() => store.store('x', 1_000_000), { code: 'EBADF' })
})

test('an abstract socket will do', async (t) => {
  const supervisor = supervised(t, `@insula-test-${process.pid}`)
  notify('READY=1')
  assert.equal((await supervisor.next()).fields.get('READY'), '1')
})

test('the socket is for its owner only, is replaced, and goes with its receiver, of which nothing is left', async (t) => {
  const path = join(directory(t), 'notify.sock')
  const before = sockets()
  const first = receiveNotifications(path, () => undefined)
  const second = receiveNotifications(path, () => undefined)
  t.after(() => [first, second].forEach((receiver) => receiver[Symbol.dispose]()))
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const ours = sockets().difference(before)
  assert.equal(ours.size, 2)
  first[Symbol.dispose]()
  second[Symbol.dispose]()
  assert.ok(!existsSync(path))
  for (let round = 0; round < 40 && !sockets().isDisjointFrom(ours); round++) await sleep(50)
  assert.ok(sockets().isDisjointFrom(ours))
})

test('a restarted process finds what was kept for it, and its own children do not', async (t) => {
  const supervisor = supervised(t)
  const [first, second, answer] = [openPipe(), openPipe(), openPipe()]
  const program = `
    import { readlinkSync, writeSync } from 'node:fs'
    import { spawnSync } from 'node:child_process'
    import { inheritedDescriptors } from '${HERE}/inherited.ts'
    import { notify } from '${HERE}/notify.ts'
    const found = inheritedDescriptors()
    for (const [name, fd] of found) writeSync(fd, 'hello ' + name)
    const ofChild = spawnSync('/bin/ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).stdout
    writeSync(1, JSON.stringify({
      variables: Object.keys(process.env).filter((name) => name.startsWith('LISTEN_')),
      leaked: [...found.values()].filter((fd) => ofChild.includes(readlinkSync('/proc/self/fd/' + fd))),
    }))
    notify('STATUS=' + [...found].flat().join(' '))
  `
  const child = startAttached([process.execPath, '--input-type=module-typescript', '-e', program], {
    descriptors: ['null', answer.write, 2, first.write, second.write],
    env: { LISTEN_FDS: '2', LISTEN_FDNAMES: 'one:two', NOTIFY_SOCKET: supervisor.path },
  })
  for (const pipe of [first, second, answer]) closeSync(pipe.write)
  const message = await supervisor.next()
  assert.equal(message.pid, child.pid)
  assert.equal(message.fields.get('STATUS'), 'one 3 two 4')
  assert.deepEqual([read(first.read), read(second.read)], ['hello one', 'hello two'])
  assert.deepEqual(JSON.parse(read(answer.read)), { variables: [], leaked: [] })
  assert.equal((await child.ended).code, 0)
  for (const pipe of [first, second, answer]) closeSync(pipe.read)
})

test('what was meant for another process, or is nonsense, is not inherited; the variables go in any case', () => {
  for (const env of [
    { LISTEN_FDS: '1', LISTEN_PID: String(process.pid + 1) },
    { LISTEN_FDS: '-1' },
    { LISTEN_FDS: '1e3' },
    { LISTEN_FDNAMES: 'a:b' },
  ]) {
    const copy: NodeJS.ProcessEnv = { ...env }
    assert.equal(inheritedDescriptors(copy).size, 0)
    assert.deepEqual(copy, {})
  }
})

function read(fd: number): string {
  const text = Buffer.alloc(4096)
  return text.toString('utf8', 0, readSync(fd, text))
}

/** "socket:[INODE]" of this process. */
function sockets(): Set<string> {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // The descriptor of the listing itself.
      return ''
    }
  })
  return new Set(targets.filter((target) => target.startsWith('socket:')))
}
