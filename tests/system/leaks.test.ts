import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testNode, until } from './support/node.ts'
import { type Traces, traces } from './support/traces.ts'

const node = await testNode(['micro', 'debian-12'])

/** What must be as before; descriptors may differ by a few that wait for the garbage collector. */
function assertSame(after: Traces, before: Traces): void {
  const { descriptors: now, ...rest } = after
  const { descriptors: then, ...expected } = before
  assert.deepEqual(rest, expected)
  for (const [index, text] of now.entries()) {
    const [count, earlier] = [text, then[index] ?? ''].map((line) => Number(line.split(': ')[1]))
    assert.ok((count ?? 0) <= (earlier ?? 0) + 3, `descriptors grew: ${then[index]} -> ${text}`)
  }
}

async function settled(before: Traces): Promise<void> {
  let last: unknown
  await until(
    'nothing is left',
    async () => {
      try {
        assertSame(await traces(node), before)
        return true
      } catch (error) {
        last = error
        return false
      }
    },
    // Threads that relink, and the descriptors of their loops, end 15 s after their last work.
    40,
  ).catch(() => {
    throw last
  })
}

async function cycle(name: string, template: string): Promise<void> {
  await node.ok('create', name, '--template', template, '--ip', 'auto', '--start')
  await node.ok('exec', name, 'true')
  await node.insula(['exec', name, 'nosuchcommand'])
  await node.ok('stop', name, '--timeout', '5')
  await node.ok('start', name)
  await node.ok('destroy', '-y', '--force', name)
}

test('12 cycles of create, start, exec, stop, start, destroy leave nothing behind', async () => {
  await cycle('warm', 'micro')
  // What others left is being deleted in the background.
  await until('the trash is empty', async () => !(await traces(node)).files.some((file) => file.includes('/trash/')))
  const before = await traces(node)
  for (let round = 0; round < 12; round++) await cycle(`round${round}`, round % 4 === 3 ? 'debian-12' : 'micro')
  await settled(before)
})

test('starts that fail leave nothing behind', async () => {
  const before = await traces(node)
  const name = 'broken'
  await node.ok('create', name, '--template', 'micro', '--ip', 'auto')
  await node.ok('start', name)
  await node.ok('exec', name, '--', 'sh', '-c', 'rm /sbin/init')
  await node.insula(['stop', name, '--timeout', '0'])
  for (let round = 0; round < 3; round++) {
    const { code, stderr } = await node.insula(['start', name])
    assert.equal(code, 11, stderr)
    assert.match(stderr, /\/sbin\/init is missing/)
  }
  assert.equal((await node.show(name)).state, 'stopped')
  await node.ok('destroy', '-y', name)
  await settled(before)
})

test('ten VPSs at once come and go', async () => {
  const before = await traces(node)
  const names = Array.from({ length: 10 }, (_, index) => `many${index}`)
  await Promise.all(names.map((name) => node.ok('create', name, '--template', 'micro', '--ip', 'auto', '--start')))
  assert.equal(new Set(await Promise.all(names.map(async (name) => (await node.show(name)).addresses[0]))).size, 10)
  await node.ok('destroy', '-y', '--force', ...names)
  await settled(before)
})
