import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { heldBack } from './held-back.ts'
import { runFile } from './run-file.ts'
import { openTally } from './tally.ts'
import { filesOf, TIERS, tierOf } from './tiers.ts'

async function outcomesOf(t: TestContext, source: string, deadline = 30): Promise<[string, string, string][]> {
  const home = mkdtempSync(join(tmpdir(), 'insula-runner-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  const file = join(home, 'a.test.mts')
  writeFileSync(file, source)
  // Node marks the processes of its runner with this, and runs nothing for one that has the mark.
  const mark = process.env['NODE_TEST_CONTEXT']
  delete process.env['NODE_TEST_CONTEXT']
  const { outcomes } = await runFile(file, home, deadline)
  process.env['NODE_TEST_CONTEXT'] = mark
  return outcomes.map(({ name, result, detail }) => [name, result, detail.split('\n')[0] ?? ''])
}

const IMPORT = `import { describe, test } from 'node:test'\n`

test('every test counts once, by its full name; a suite and a parent do not', async (t) => {
  const source = `${IMPORT}
    describe('suite', () => { test('good', () => {}); test('bad', () => { throw new Error('no') }) })
    test('parent', async (t) => { await t.test('child', () => { throw new Error('never') }) })`
  assert.deepEqual(await outcomesOf(t, source), [
    ['suite > good', 'passed', ''],
    ['suite > bad', 'failed', 'Error: no'],
    ['parent > child', 'failed', 'Error: never'],
  ])
})

test('a skipped test keeps its reason; one to do is none that passed', async (t) => {
  const source = `${IMPORT} test('a', { skip: 'no loop devices' }, () => {}); test.todo('b')`
  assert.deepEqual(await outcomesOf(t, source), [
    ['a', 'skipped', 'no loop devices'],
    ['b', 'skipped', 'to do'],
  ])
})

for (const [what, source, detail] of [
  ['without a test', `console.log('nothing')`, 'there is no test in it'],
  ['that is no module', `syntax error here(`, 'its process ended with 1'],
  ['that ends by itself', `process.exit(3)`, 'its process ended with 3'],
] as const) {
  test(`a file ${what} has failed`, async (t) => {
    assert.deepEqual(await outcomesOf(t, source), [['a.test.mts', 'failed', detail]])
  })
}

test('a file that does not end is killed, what passed in it has passed', async (t) => {
  const source = `${IMPORT} test('quick', () => {}); setTimeout(() => {}, 60_000)`
  assert.deepEqual(await outcomesOf(t, source, 2), [
    ['quick', 'passed', ''],
    ['a.test.mts', 'failed', 'it did not end within 2 s'],
  ])
})

function tally(strict: boolean): { tally: ReturnType<typeof openTally>; lines: string[] } {
  const lines: string[] = []
  return { lines, tally: openTally({ strict, everyTest: false, print: (line) => lines.push(line) }) }
}

test('the last line sums up; only a run that ran something and had no failure is good', () => {
  for (const [results, code] of [
    [['passed', 'skipped'], 0],
    [['passed', 'failed'], 1],
    [[], 1],
  ] as const) {
    const { tally: it, lines } = tally(false)
    it.report({ subject: 'a', seconds: 1, outcomes: results.map((result) => ({ name: result, result, detail: 'why' })) })
    assert.equal(it.end(), code)
    const count = (result: string): number => results.filter((each) => each === result).length
    assert.equal(lines.at(-1), `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`)
  }
})

test('a tier that could not run is told, and is a failure where that is asked for', () => {
  for (const strict of [false, true]) {
    const { tally: it, lines } = tally(strict)
    it.report({ subject: 'a', seconds: 1, outcomes: [{ name: 'a', result: 'passed', detail: '' }] })
    it.couldNot('system', 'it needs root')
    assert.equal(it.end(), strict ? 1 : 0)
    assert.ok(lines.some((line) => line.startsWith('Could not run system: it needs root')))
    assert.equal(lines.at(-1), `1 passed, ${strict ? 1 : 0} failed, 0 skipped`)
  }
})

test('what a tier beside another one tells comes after that one, in order, and then at once', () => {
  const { tally: it, lines } = tally(false)
  const { told, release } = heldBack(it)
  told.tier('lab', 0)
  told.note('first')
  it.note('of the other one')
  assert.deepEqual(lines, ['         of the other one'])
  release()
  told.note('second')
  assert.deepEqual(lines.slice(1), ['\nlab', '         first', '         second'])
})

test('every test file of the repository belongs to one tier', () => {
  const home = join(import.meta.dirname, '../..')
  for (const tier of TIERS) {
    const files = filesOf(tier, home)
    assert.ok(files.length > 0, tier.name)
    for (const file of files) assert.equal(tierOf(file), tier, file)
  }
})
