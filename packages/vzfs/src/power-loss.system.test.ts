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
import { type Copy, type LoopVolume, loopVolume } from './testing/loop-volume.ts'
import { owed, type Said } from './testing/power-loss.ts'
import { baseOf, contentsOf, FILES, IDENTITY, OF_CLONE, requireOwn, stateOf, type Told } from './testing/power-states.ts'
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

test('every tenant has its own files after a loss of power in whatever was done with them', async (t) => {
  const seen = new Map<string, number>()
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
  await losePower<Told>(t, new URL('./testing/power-tenants.ts', import.meta.url), (vzfs, _path, before, after) =>
    requireOwn(files, vzfs, before, after, count),
  )
  t.diagnostic([...seen].map(([what, times]) => `${what}: ${times}`).join(', '))
  for (const what of ['snapshots', 'copies']) assert.ok((seen.get(what) ?? 0) >= LOSSES, 'the child worked')
})

const KINDS = {
  relink: 'is finished or has not happened',
  'take-back': 'has its own copies, or its links',
  rebase: 'consists of the old layers or of the new ones',
  clone: 'is copied, or is not',
} as const

for (const [kind, what] of Object.entries(KINDS) as [keyof typeof KINDS, string][])
  test(`${kind}: an area ${what}, whichever step was the last before the power went`, async (t) => {
    await using volume = await loopVolume()
    await prepared(volume.path, kind)
    const copies = await atEachStep(volume, kind)
    const done = { before: 0, after: 0 }
    for (const copy of copies) {
      await copy.mounted(async (path) => {
        const vzfs = await open(path)
        try {
          await vzfs.idle()
          assert.deepEqual(await vzfs.check({ contents: true }), [])
          done[(await isDone(vzfs, kind)) ? 'after' : 'before'] += 1
        } finally {
          await vzfs.close()
        }
      })
    }
    t.diagnostic(`${copies.length} steps: ${done.before} times it had not happened, ${done.after} times it was finished`)
    const least = kind === 'relink' || kind === 'take-back' ? 5 : 1
    assert.ok(done.before >= least && done.after >= least)
  })

const open = (path: string): Promise<Vzfs> =>
  openVzfs(path, { files, quota: realQuota, warn: (text) => assert.fail(text), threads: 1 })

/** Two areas of the same private files; what each kind has to find is there, and on the disk. */
async function prepared(path: string, kind: keyof typeof KINDS): Promise<void> {
  const vzfs = await open(path)
  const paths = volumePaths(path)
  for (const [nth, layer] of ['os@0', 'os@1'].entries()) {
    const source = await vzfs.scratch()
    writeFileSync(join(source, 'f0'), contentsOf(0, nth))
    await vzfs.layers.build(layer, source)
  }
  for (const area of [1, 2]) {
    await vzfs.areas.create(area, baseOf(area), ['os@0'], null)
    mkdirSync(join(paths.area(area).upper, 'd'))
    for (const [name, nth] of [
      ...Array.from({ length: FILES }, (_, index) => [`f${index}`, index] as const),
      ['d/x', 20] as const,
    ])
      writeFileSync(join(paths.area(area).upper, name), contentsOf(2, nth))
  }
  await vzfs.areas.survey(2, { share: 'all' })
  if (kind === 'take-back') await vzfs.areas.relink(1, { share: 'all' })
  await vzfs.close()
  await runner.run(['sync', '--file-system', path])
}

/** A copy of the disk before each step, and one at the end. */
async function atEachStep(volume: LoopVolume, kind: string): Promise<Copy[]> {
  const [orders, reports] = [openPipe(), openPipe()]
  const program = new URL('./testing/power-steps.ts', import.meta.url).pathname
  const child = startAttached([process.execPath, program, volume.path, kind], { descriptors: [orders.read, reports.write, 2] })
  for (const end of [orders.read, reports.write]) closeSync(end)
  const copies: Copy[] = []
  for (const word = Buffer.alloc(1); readSync(reports.read, word) > 0; writeSync(orders.write, '.')) copies.push(volume.copyNow())
  for (const end of [orders.write, reports.read]) closeSync(end)
  assert.equal((await child.ended).code, 0)
  return [...copies, volume.copyNow()]
}

/** And whether the area is whole, whichever it is. */
async function isDone(vzfs: Vzfs, kind: keyof typeof KINDS): Promise<boolean> {
  const paths = volumePaths(vzfs.path)
  await vzfs.areas.plan(1)
  const own = paths.area(1)
  const areas = kind === 'clone' ? await copiesOf() : [1]
  for (const area of areas.filter((id) => id !== 1))
    assert.equal(readFileSync(join(paths.area(area).upper, IDENTITY), 'utf8'), OF_CLONE)
  for (const area of areas)
    for (let nth = 0; nth < FILES; nth++)
      assert.equal(stateOf(files, { pool: paths.pool, ...paths.area(area) }, nth, [2]), 2, `area ${area}, f${nth}`)
  const linked = existsSync(own.links)
  assert.deepEqual(readdirSync(own.directory).toSorted(), [
    'area.json',
    ...(linked ? ['links', 'links.zst'] : []),
    'record.json',
    'upper',
    'work',
  ])
  const inUpper = existsSync(join(own.upper, 'f1'))
  if (kind === 'relink') assert.equal(inUpper, !linked)
  const done = {
    relink: linked,
    'take-back': inUpper,
    rebase: (await vzfs.areas.show(1))?.layers.join() === 'os@1',
    clone: (await copiesOf()).length > 1,
  }
  return done[kind]

  async function copiesOf(): Promise<number[]> {
    return (await vzfs.areas.list()).map(({ id }) => id).filter((id) => id !== 2)
  }
}
