import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FakeCaller, fakeCallers } from '@insula/kernel/fakes'
import { BURST, openRounds, RATE } from './rounds.ts'
import { ORDERS_KEY } from './wire.ts'

/** Callers of "a" and "b", as many as there are letters; each calls again as soon as it is answered. */
function world(letters: string) {
  const callers = fakeCallers()
  const listeners = callers.open()
  const vps = new Map<number, string>()
  const answered: string[] = []
  let time = 0
  const rounds = openRounds({
    listeners,
    vpsOf: (key) => vps.get(key) ?? '',
    handle(call) {
      answered.push(vps.get(call.key) ?? '')
      listeners.answer(call, { kind: 'value', value: 0 })
      const caller = trees[call.key - 1]
      assert.ok(caller)
      void caller.call(99, [])
    },
    serveFile: () => undefined,
    now: () => time,
  })
  const trees: FakeCaller[] = letters.split('').map((letter, index) => {
    const tree = callers.start()
    listeners.add(index + 1, tree.listener())
    vps.set(index + 1, letter)
    void tree.call(99, [])
    return tree
  })
  return {
    rounds,
    /** How many of each were answered. */
    serve(times: number): Record<string, number> {
      answered.length = 0
      for (let round = 0; round < times; round++) rounds.serve(listeners.wait(0))
      return Object.fromEntries(
        [...new Set(letters.split(''))].map((letter) => [letter, answered.filter((one) => one === letter).length]),
      )
    },
    pass: (milliseconds: number) => void (time += milliseconds),
  }
}

test('in each round every VPS gets one answer, however many of its processes call', () => {
  assert.deepEqual(world('aaaaab').serve(10), { a: 10, b: 10 })
})

test('one that calls without end gets its rate, and the other is answered all the same', () => {
  const { serve, pass, rounds } = world('aaa')
  assert.deepEqual(serve(BURST + 100), { a: BURST })
  const patience = rounds.patience()
  assert.ok(patience > 0 && patience <= 100, `${patience}`)
  let sum = 0
  for (let passed = 0; passed < 1_000; passed += patience) {
    pass(patience)
    sum += serve(200)['a'] ?? 0
  }
  assert.ok(sum > RATE * 0.9 && sum < RATE * 1.1, `${sum} answers in a second`)
})

test('a VPS at its rate does not slow another', () => {
  const busy = world('aab')
  busy.serve(BURST + 1)
  busy.pass(1_000)
  assert.equal(busy.rounds.patience() === 0, false)
  for (let round = 0; round < 20; round++) {
    busy.pass(10)
    assert.ok((busy.serve(10)['b'] ?? 0) >= 10)
  }
})

test('who waits for nobody waits without end; what is gone is forgotten', () => {
  const { rounds, serve } = world('a')
  assert.equal(rounds.patience(), -1)
  serve(BURST + 10)
  assert.notEqual(rounds.patience(), -1)
  rounds.forget(1)
  assert.equal(rounds.patience(), -1)
})

test('a request for a file is one answer of its VPS, whatever else it calls', () => {
  const served: number[] = []
  let time = 0
  const rounds = openRounds({
    listeners: fakeCallers().open(),
    vpsOf: (key) => (key < 10 ? 'a' : 'b'),
    handle: () => assert.fail('there are no calls'),
    serveFile: (key) => void served.push(key),
    now: () => time,
  })
  const ready = [1, 2, 11, ORDERS_KEY].map((key) => ({ key, what: 'input' }) as const)
  rounds.serve(ready)
  assert.deepEqual(served, [1, 11])
  for (let round = 0; round < BURST + 100; round++) rounds.serve(ready)
  assert.equal(served.filter((key) => key === 1).length, BURST)
  assert.ok(rounds.patience() > 0)
  time += 1_000
  rounds.serve(ready)
  assert.equal(served.filter((key) => key === 1).length, BURST + 1)
})

test('what takes long counts for as many answers as could have been given meanwhile', () => {
  let [time, served] = [0, 0]
  const rounds = openRounds({
    listeners: fakeCallers().open(),
    vpsOf: () => 'a',
    handle: () => assert.fail('there are no calls'),
    serveFile() {
      served += 1
      time += 20
    },
    now: () => time,
  })
  // Each takes the place of a hundred, and the share fills up by as much meanwhile: a VPS alone gets no more than its time.
  const most = Math.ceil(BURST / ((20 * RATE) / 1_000)) + 1
  for (let round = 0; round < 50; round++) {
    rounds.serve([{ key: 1, what: 'input' }])
    time -= 20
  }
  assert.ok(served <= most, `${served} answers of 20 ms`)
})
