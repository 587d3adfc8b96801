import assert from 'node:assert/strict'
import { closeSync, fstatSync, readdirSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { type Call, openPipe } from '@insula/kernel'
import { fakeDescriptorStore } from '@insula/kernel/fakes'
import { type Listening, openListening } from './listening.ts'
import type { Source } from '../listener/wire.ts'

interface Child {
  readonly pid: number
  /** Orders that it got. */
  readonly orders: { add?: Source; begin?: true }[]
  readonly record: number
  report(text: string): void
  /** It is gone. */
  end(signal?: NodeJS.Signals): void
}

/** Records are numbers here that no descriptor has; each holds a call. */
function world(t: TestContext, kind: Source['kind'] = 'calls') {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const store = fakeDescriptorStore()
  const calls = new Map<number, Call | null>()
  const sleeps = new Map<number, string | null>()
  const children: Child[] = []
  const killed: number[] = []
  const continued: string[] = []
  let inherited = new Map<string, number>()
  /** A record is told by the pipe behind it, since copies of it have other numbers. */
  const inode = (fd: number): number => fstatSync(fd).ino
  const open = (): Listening =>
    openListening(
      {
        descriptors: store,
        start(record) {
          const pid = 1_000 + children.length
          const { promise, resolve } = Promise.withResolvers<{ code: number | null; signal: NodeJS.Signals | null }>()
          const orders: Child['orders'] = []
          let onReport: (chunk: Buffer) => void = () => undefined
          children.push({
            pid,
            orders,
            record: inode(record),
            report: (text) => onReport(Buffer.from(text)),
            end: (signal) => resolve(signal === undefined ? { code: 1, signal: null } : { code: null, signal }),
          })
          return {
            process: { pid, ended: promise },
            write: (bytes) => void orders.push(JSON.parse(bytes.toString())),
            onReport: (listener) => void (onReport = listener),
          }
        },
        newRecord: () => {
          const { read, write } = openPipe()
          closeSync(write)
          return read
        },
        readRecord: (fd) => calls.get(inode(fd)) ?? null,
        continueCall: (_listener, call) => void continued.push(`${call.key} ${call.id}`),
        kill: (pid) => void killed.push(pid),
        sleepOf: (pid) => (sleeps.has(pid) ? (sleeps.get(pid) ?? null) : 'one'),
        log: () => undefined,
      },
      inherited,
      kind,
    )
  let listening = open()
  t.after(() => {
    listening[Symbol.dispose]()
    store[Symbol.dispose]()
  })
  return {
    children,
    killed,
    continued,
    sleeps,
    get listening() {
      return listening
    },
    add(id: string): void {
      const { read, write } = openPipe()
      closeSync(write)
      listening.add({ fd: read, id })
    },
    /** As another keeper would have kept it. */
    keep(name: string): void {
      const { read, write } = openPipe()
      closeSync(write)
      store.store(name, read)
      closeSync(read)
    },
    /** What that child works on. */
    works(child: Child, call: Partial<Call> | null): void {
      child.report('{"begun":true}\n')
      calls.set(child.record, call && { key: 1, id: 1n, tid: 5, architecture: 'x86-64', number: 99, args: [], ...call })
    },
    pass: async (milliseconds: number) => {
      for (let passed = 0; passed < milliseconds; passed += 10) {
        t.mock.timers.tick(10)
        await Promise.resolve()
        await Promise.resolve()
      }
    },
    keys: (child: Child) => child.orders.flatMap(({ add }) => (add ? [add.key] : [])),
    stored: () => [...store.inherit()].map(([name, fd]) => (closeSync(fd), name)).toSorted(),
    restart() {
      listening[Symbol.dispose]()
      inherited = store.inherit()
      listening = open()
    },
  }
}

test('nothing runs until there is a listener; then one child serves all, and each is kept', (t) => {
  const { add, children, ...rest } = world(t)
  assert.equal(children.length, 0)
  add('101')
  add('102')
  assert.equal(children.length, 1)
  assert.deepEqual(rest.keys(children[0] as Child), [1, 2])
  assert.deepEqual(rest.stored(), ['seccomp-101-1', 'seccomp-102-2', 'seccomp-call-1'])
})

test('what has ended is kept nowhere, and no descriptor of it is left', (t) => {
  const { add, children, stored } = world(t)
  add('101')
  const before = readdirSync('/proc/self/fd').length
  for (let round = 0; round < 50; round++) add('101')
  for (let key = 2; key <= 51; key++) children[0]?.report(`{"ended":${key}}\n`)
  children[0]?.report('{"ended":7}\n')
  assert.equal(readdirSync('/proc/self/fd').length, before)
  assert.deepEqual(stored(), ['seccomp-101-1', 'seccomp-call-1'])
})

test('a child that ends is started again over the same record', async (t) => {
  const { add, children, pass, keys, continued, works } = world(t)
  add('101')
  const [first] = children
  assert.ok(first)
  works(first, { id: 9n })
  first.end()
  await pass(100)
  const [, second] = children
  assert.ok(second)
  assert.deepEqual([keys(second), second.orders.at(-1), second.record], [[1], { begin: true }, first.record])
  second.end()
  await pass(100)
  assert.deepEqual(continued, [], 'one that ended before it began has not been ended by the call')
  const [, , third] = children
  assert.ok(third)
  works(third, { id: 9n })
  third.end()
  await pass(100)
  assert.deepEqual(continued, ['1 9'], 'a call that ended two children goes on to the kernel')
})

test('who kills the child has more patience to spend: the call is answered by one of the next', async (t) => {
  const { add, children, pass, continued, works } = world(t)
  add('101')
  for (let kill = 1; kill <= 10; kill++) {
    assert.deepEqual(continued, [], `${kill}`)
    const child = children.at(-1)
    assert.ok(child)
    works(child, { id: 9n })
    child.end('SIGKILL')
    await pass(100)
  }
  assert.deepEqual(continued, ['1 9'])
})

test('one that has not begun is not held up by the call that it finds, however long it takes to start', async (t) => {
  const { add, children, pass, works, killed } = world(t)
  add('101')
  const [first] = children
  assert.ok(first)
  works(first, { id: 9n })
  first.end()
  await pass(2_000)
  assert.deepEqual(killed, [])
  const [, second] = children
  assert.ok(second)
  works(second, { id: 9n })
  await pass(250)
  assert.deepEqual(killed, [second.pid])
})

test('a VPS that holds the child up is left alone, and the others are served by another at once', async (t) => {
  const { add, children, pass, keys, killed, continued, works, listening } = world(t)
  for (const id of ['101', '102']) add(id)
  const [first] = children
  assert.ok(first)
  works(first, { key: 1, id: 9n })
  await pass(250)
  assert.deepEqual(killed, [first.pid])
  assert.deepEqual(listening.health().heldUp, ['101'])
  const [, second] = children
  assert.ok(second)
  assert.deepEqual(keys(second), [2])
  assert.notEqual(second.record, first.record)
  add('101')
  assert.deepEqual(keys(second), [2], 'nor is another listener of it served')
  // It cannot be killed while the kernel waits for the file system of the tenant.
  await pass(5_000)
  assert.deepEqual([keys(second), continued], [[2], []])
  first.end()
  await pass(10)
  assert.deepEqual(continued, ['1 9'])
  assert.deepEqual(keys(second), [2, 1, 3])
  works(second, { key: 1, id: 10n })
  await pass(250)
  second.end()
  await pass(1_500)
  assert.deepEqual(listening.health().heldUp, ['101'], 'the second time it is left alone for longer')
  await pass(1_000)
  assert.deepEqual(listening.health().heldUp, [])
})

test('one that works, or waits for a CPU, is not held up', async (t) => {
  const { add, children, pass, works, sleeps, killed } = world(t)
  add('101')
  const [first] = children
  assert.ok(first)
  for (let id = 1n; id < 20n; id++) {
    works(first, { id })
    await pass(100)
  }
  sleeps.set(first.pid, null)
  await pass(1_000)
  assert.deepEqual(killed, [])
  for (let sleep = 0; sleep < 10; sleep++) {
    sleeps.set(first.pid, `${sleep}`)
    await pass(100)
  }
  assert.deepEqual(killed, [], 'it sleeps now and then, as whoever waits for a disk')
})

test('the next keeper finds all of it', async (t) => {
  const node = world(t)
  node.add('101')
  node.add('102')
  const [first] = node.children
  assert.ok(first)
  node.works(first, { key: 1, id: 9n })
  await node.pass(250)
  assert.equal(node.children.length, 2)
  node.restart()
  const last = node.children.at(-1)
  assert.ok(last)
  assert.deepEqual(node.keys(last), [1, 2])
  node.add('103')
  assert.deepEqual(
    node.stored().filter((name) => !name.includes('call')),
    ['seccomp-101-1', 'seccomp-102-2', 'seccomp-103-3'],
  )
  assert.equal(node.stored().filter((name) => name.includes('call')).length, 1)
})

test('connections of served files are kept and handed on as listeners are, by names of their own', (t) => {
  const node = world(t, 'mounts')
  node.add('101')
  assert.deepEqual(node.stored(), ['mounts-101-1', 'mounts-call-1'])
  assert.deepEqual([node.listening.has('101'), node.listening.has('102')], [true, false])
  node.restart()
  assert.equal(node.listening.has('101'), true)
  assert.deepEqual(node.stored(), ['mounts-101-1', 'mounts-call-1'])
  assert.deepEqual(
    node.children.at(-1)?.orders.flatMap(({ add }) => (add ? [[add.key, add.kind]] : [])),
    [[1, 'mounts']],
  )
  node.children.at(-1)?.report('{"ended":1}\n')
  assert.equal(node.listening.has('101'), false)
})

test('what is of the other kind is left to who serves that', (t) => {
  const node = world(t)
  node.keep('mounts-101-1')
  node.keep('seccomp-102-7')
  node.restart()
  assert.deepEqual([node.listening.has('101'), node.listening.has('102')], [false, true])
})
