import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { activeThreads, faded, loadBook, LOOK_MS } from './load.ts'

function world() {
  const busy = new Map<string, { threads: number; cpu: number }>()
  let [time, looks] = [0, 0]
  const book = loadBook({
    views: { cpuMicroseconds: (cgroup) => busy.get(cgroup)?.cpu ?? 0 },
    groups: () => new Map([...busy.keys()].map((cgroup) => [cgroup, cgroup])),
    active(cgroup) {
      looks += 1
      return busy.get(cgroup)?.threads ?? 0
    },
    now: () => time,
  })
  const pass = (milliseconds: number, cpu: number): void => {
    for (let passed = 0; passed < milliseconds; passed += LOOK_MS) {
      time += LOOK_MS
      for (const one of busy.values()) one.cpu += cpu * LOOK_MS * 1_000
      for (const _ of book.look());
    }
  }
  return { book, busy, pass, looks: () => looks }
}

test('a VPS that works comes near to the number of its threads, sooner over a minute than over fifteen', () => {
  const { book, busy, pass } = world()
  busy.set('a', { threads: 3, cpu: 0 })
  pass(60_000, 1)
  const [one, five, fifteen] = book.of('a')
  assert.ok(one > 1.8 && one < 2 && five > 0.5 && five < 0.6 && fifteen > 0.15 && fifteen < 0.25, `${one} ${five} ${fifteen}`)
  pass(3_600_000, 1)
  assert.ok(book.of('a').every((load) => load > 2.9 && load <= 3))
})

test('one that does nothing fades, and its threads are not looked at', () => {
  const { book, busy, pass, looks } = world()
  busy.set('a', { threads: 2, cpu: 0 })
  pass(600_000, 1)
  const before = looks()
  pass(600_000, 0)
  assert.equal(looks(), before)
  assert.ok(book.of('a')[0] < 0.01)
  assert.ok(book.of('a')[2] > 0.3)
})

test('one that nobody knows has no load; one that went is forgotten', () => {
  const { book, busy, pass } = world()
  assert.deepEqual(book.of('b'), [0, 0, 0])
  busy.set('a', { threads: 2, cpu: 0 })
  pass(60_000, 1)
  busy.clear()
  book.forget('a')
  assert.deepEqual(book.of('a'), [0, 0, 0])
})

test('one that goes in the middle of a look is forgotten all the same', () => {
  const { book, busy } = world()
  for (const id of ['a', 'b']) busy.set(id, { threads: 2, cpu: 0 })
  const look = book.look()
  look.next()
  book.forget('b')
  while (!look.next().done);
  assert.ok(book.of('a')[0] > 0)
  assert.deepEqual(book.of('b'), [0, 0, 0])
})

test('a load lies between what it was and what is there, however long between two looks', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.nat(100),
      fc.integer({ min: 1, max: 10 ** 8 }),
      (load, count, passed) => {
        for (const next of faded([load, load, load], count, passed)) {
          assert.ok(next >= Math.min(load, count) - 1e-9 && next <= Math.max(load, count) + 1e-9)
        }
      },
    ),
  )
})

test('a thread that runs is counted, one that sleeps is not, nor one that is gone', async () => {
  const runs = spawn('sh', ['-c', 'while :; do :; done'])
  const sleeps = spawn('sleep', ['60'])
  await sleep(100)
  assert.equal(activeThreads([runs.pid ?? 0, sleeps.pid ?? 0, 2 ** 30]), 1)
  for (const child of [runs, sleeps]) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})
