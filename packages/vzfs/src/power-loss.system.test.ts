/** Whatever was being done on a volume when the power went: it is whole afterwards, and what was said to be done is done. */

import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openPipe, realFileCalls, realProcessRunner, realQuota, startAttached } from '@insula/kernel'
import { openVzfs } from './open.ts'
import { type Copy, loopVolume } from './testing/loop-volume.ts'
import { owed, type Said } from './testing/power-loss.ts'
import { contentsOf, expected, FILES, stateOf, type Told } from './testing/power-states.ts'
import { volumePaths } from './volume-paths.ts'
import type { Vzfs } from './vzfs.ts'

const LOSSES = Number(process.env['INSULA_TEST_POWER_LOSSES'] ?? 12)
/** What either program says in two rounds of its work. */
const FIRST_ROUNDS = 40
const MOST_MS = 120_000
const files = realFileCalls()
const runner = realProcessRunner()

/**
 * Lets a program work on a volume and takes the power away again and again, each time from a copy of the image.
 * @param look what the program had said when the copy was begun, and when it was there
 */
async function losePower<T>(
  t: TestContext,
  program: URL,
  look: (vzfs: Vzfs, path: string, before: readonly T[], after: readonly T[]) => Promise<void>,
): Promise<void> {
  await using volume = await loopVolume()
  const said = `${volume.path}.said`
  t.after(() => rmSync(said, { force: true }))
  const output = openSync(said, 'w')
  const child = startAttached([process.execPath, program.pathname, volume.path], {
    descriptors: ['null', output, 2],
  })
  closeSync(output)
  const lines = (): T[] =>
    readFileSync(said, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as T)
  try {
    // From when it has done everything once: how long that takes is the machine's matter.
    for (const late = Date.now() + MOST_MS; lines().length < FIRST_ROUNDS; await setTimeout(20))
      assert.ok(Date.now() < late, `in ${MOST_MS / 1_000} s the program has said ${lines().length} lines`)
    for (let loss = 0; loss < LOSSES; loss++) {
      // Steps take from less than a millisecond to some hundred; the moment within them is anybody's.
      await setTimeout(30 + ((loss * 37) % 101))
      const before = lines()
      const copy = volume.copyNow()
      const after = lines()
      await copy.mounted(async (path) => {
        const vzfs = await openVzfs(path, { files, quota: realQuota, warn: (text) => assert.fail(text), threads: 1 })
        try {
          await vzfs.idle()
          assert.deepEqual(await vzfs.check({ contents: true }), [])
          await look(vzfs, path, before, after)
        } finally {
          await vzfs.close()
        }
      })
    }
  } finally {
    process.kill(child.pid, 'SIGKILL')
    await child.ended
  }
}

test('a volume survives the loss of power at any moment, and has what was said to be on it', async (t) => {
  let left = 0
  await losePower<Said>(t, new URL('./testing/power-child.ts', import.meta.url), async (vzfs, _path, before, after) => {
    const { there, gone } = owed(before)
    const leaving = new Set(after.flatMap((one) => ('removing' in one ? [one.removing] : [])))
    for (const name of gone) assert.equal(await isThere(name), false, `${name} is back`)
    for (const [name, version] of there) {
      if (leaving.has(name)) continue
      assert.equal(await isThere(name), true, `${name} is gone`)
      if (name.startsWith('area ')) {
        const record = (await vzfs.areas.readRecord(Number(name.slice(5)))) as { version: number }
        assert.ok(record.version >= version, `${name} has its record of before`)
      }
      left += 1
    }

    async function isThere(name: string): Promise<boolean> {
      const [kind, which = ''] = name.split(' ')
      return (await (kind === 'layer' ? vzfs.layers.show(which) : vzfs.areas.show(Number(which)))) !== null
    }
  })
  t.diagnostic(`${left} layers and areas were owed after ${LOSSES} losses of power`)
  assert.ok(left > LOSSES, 'the child worked')
})

test('every tenant has its own files after a loss of power in relink, snapshot, rollback or collection', async (t) => {
  const seen = new Map<string, number>()
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
  await losePower<Told>(t, new URL('./testing/power-tenants.ts', import.meta.url), async (vzfs, path, before, after) => {
    const paths = volumePaths(path)
    for (const area of [1, 2]) {
      // What had begun by the time that the copy was there may be on it.
      const [sure, late] = [expected(before, area), expected(after, area)]
      if (sure === null || late === null) continue
      const states = [
        ...new Set([...sure.states, ...after.slice(before.length).flatMap((told) => statesIn(told, area)), ...late.states]),
      ]
      const found = Array.from({ length: FILES }, (_, nth) =>
        stateOf(files, { pool: paths.pool, ...paths.area(area) }, nth, states),
      )
      assert.ok(!found.includes(null), `area ${area} has files of states ${found.join(' ')}, and should have ${states.join(' ')}`)
      if (sure.whole && late.whole && sure.states.length === late.states.length)
        assert.equal(new Set(found).size, 1, `area ${area} is of several states: ${found.join(' ')}`)
      count(states.length > 1 ? 'in the middle of a change' : 'at rest')
      for (const [name, state] of sure.snapshots) {
        if (!late.snapshots.has(name)) continue
        await vzfs.snapshots.show(area, name)
        const own = paths.area(area).snapshot(name)
        for (let nth = 0; nth < FILES; nth++)
          assert.equal(stateOf(files, { pool: paths.pool, ...own }, nth, [state]), state, name)
        count('snapshots')
      }
    }
  })
  t.diagnostic([...seen].map(([what, times]) => `${what}: ${times}`).join(', '))
  assert.ok((seen.get('snapshots') ?? 0) > LOSSES, 'the child worked')

  function statesIn(told: Told, area: number): number[] {
    if (told.area !== area || 'snapshot' in told || 'removing' in told) return []
    return ['maybe' in told ? told.maybe : told.state]
  }
})

test('a relink is finished or has not happened, whichever of its steps was the last', async (t) => {
  await using volume = await loopVolume()
  const open = (path: string): Promise<Vzfs> =>
    openVzfs(path, { files, quota: realQuota, warn: (text) => assert.fail(text), threads: 1 })
  const before = await open(volume.path)
  const paths = volumePaths(volume.path)
  const source = await before.scratch()
  writeFileSync(join(source, 'f0'), contentsOf(0, 0))
  await before.layers.build('os', source)
  for (const area of [1, 2]) {
    await before.areas.create(area, area * 65_536, ['os'], null)
    mkdirSync(join(paths.area(area).upper, 'd'))
    for (const [name, nth] of [
      ...Array.from({ length: FILES }, (_, index) => [`f${index}`, index] as const),
      ['d/x', 20] as const,
    ])
      writeFileSync(join(paths.area(area).upper, name), contentsOf(2, nth))
  }
  await before.areas.survey(2, { share: 'all' })
  await before.close()
  await runner.run(['sync', '--file-system', volume.path])

  const [orders, reports] = [openPipe(), openPipe()]
  const program = new URL('./testing/power-relink.ts', import.meta.url).pathname
  const child = startAttached([process.execPath, program, volume.path], { descriptors: [orders.read, reports.write, 2] })
  for (const end of [orders.read, reports.write]) closeSync(end)
  const copies: Copy[] = []
  for (const word = Buffer.alloc(1); readSync(reports.read, word) > 0; writeSync(orders.write, '.')) copies.push(volume.copyNow())
  for (const end of [orders.write, reports.read]) closeSync(end)
  assert.equal((await child.ended).code, 0)
  const done = { before: 0, after: 0 }
  for (const copy of copies) {
    await copy.mounted(async (path) => {
      const vzfs = await open(path)
      try {
        assert.deepEqual(await vzfs.check({ contents: true }), [])
        await vzfs.areas.plan(1)
        const [own, { pool }] = [volumePaths(path).area(1), volumePaths(path)]
        for (let nth = 0; nth < FILES; nth++) assert.equal(stateOf(files, { pool, ...own }, nth, [2]), 2)
        assert.deepEqual(readdirSync(own.directory).toSorted(), [
          'area.json',
          ...(existsSync(own.links) ? ['links'] : []),
          'record.json',
          'upper',
          'work',
        ])
        assert.equal(existsSync(join(own.upper, 'f1')), !existsSync(own.links))
        done[existsSync(own.links) ? 'after' : 'before'] += 1
      } finally {
        await vzfs.close()
      }
    })
  }
  t.diagnostic(`${copies.length} steps: ${done.before} times it had not happened, ${done.after} times it was finished`)
  assert.ok(done.before > 5 && done.after > 5)
})
