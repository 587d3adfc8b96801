import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runQueues } from './queues.ts'

function recorder() {
  const [begun, running]: [string[], Set<string>] = [[], new Set()]
  let [most, mostInRow] = [0, 0]
  const run = async (file: string): Promise<void> => {
    begun.push(file)
    running.add(file)
    most = Math.max(most, running.size)
    mostInRow = Math.max(mostInRow, [...running].filter((one) => one.startsWith('r')).length)
    await sleep(5)
    running.delete(file)
  }
  return { run, begun, most: () => most, mostInRow: () => mostInRow }
}

const files = { inRow: ['r1', 'r2', 'r3', 'r4'], free: ['f1', 'f2', 'f3', 'f4', 'f5', 'f6'] }
const all = [...files.inRow, ...files.free].toSorted()

test('files of a row never run at once, others beside them, and each once', async () => {
  const { run, begun, most, mostInRow } = recorder()
  await runQueues(files, 2, Promise.resolve(), run)
  assert.deepEqual(begun.toSorted(), all)
  assert.deepEqual([most(), mostInRow()], [2, 1])
})

test('until the machine is quiet the row is alone; after it the others do not wait', async () => {
  const { run, begun, most } = recorder()
  const never = new Promise<void>(() => {})
  await Promise.race([runQueues(files, 2, never, run), until(() => begun.length === all.length)])
  assert.deepEqual(begun, [...files.inRow, ...files.free])
  assert.equal(most(), 1)
})

test('what was waited for may fail', async () => {
  const { run, begun } = recorder()
  await runQueues(files, 3, Promise.reject(new Error('on purpose')), run)
  assert.deepEqual(begun.toSorted(), all)
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
  await sleep(10)
}
