/**
 * Two areas with the same private files, which are written, relinked, kept by snapshots and rolled back without end: `power-tenants.ts VOLUME`. A state of an area is
 * a number that tells what its files hold. It says what is so, and before each change what may be so from then on.
 */

import { chownSync, closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { contentsOf, FILES, type Told } from './power-states.ts'

const [path = ''] = process.argv.slice(2)
const files = realFileCalls()
const vzfs = await openVzfs(path, {
  files,
  quota: realQuota,
  warn: (message) => process.stderr.write(`${message}\n`),
  threads: 2,
})
const say = (told: Told): void => void writeSync(1, `${JSON.stringify(told)}\n`)
const AREAS = [1, 2]
const baseOf = (area: number): number => area * 65_536

const source = await vzfs.scratch()
writeFileSync(join(source, 'f0'), contentsOf(0, 0))
await vzfs.layers.build('os', source)
for (const area of AREAS) await vzfs.areas.create(area, baseOf(area), ['os'], null)
for (let round = 1; ; round++) {
  const [first, second] = [2 * round, 2 * round + 1]
  for (const area of AREAS) await write(area, first)
  for (const area of AREAS) await vzfs.areas.survey(area, { share: 'all' })
  for (const area of AREAS) await vzfs.areas.relink(area, { share: 'all' })
  const name = `s${round}`
  for (const area of AREAS) {
    await vzfs.snapshots.create(area, { name, cause: 'asked', comment: null, expiresAt: null, record: null })
    say({ area, snapshot: name, state: first })
    await write(area, second)
  }
  await vzfs.areas.relink(1, { share: 'all' })
  for (const area of AREAS) {
    say({ area, maybe: first, whole: true })
    const before = { name: `b${round}`, cause: 'rollback', comment: null, expiresAt: null, record: null } as const
    await vzfs.snapshots.rollback(area, name, before)
    say({ area, state: first })
    say({ area, snapshot: before.name, state: second })
  }
  await vzfs.collect()
  if (round < 3) continue
  for (const area of AREAS)
    for (const old of [`s${round - 2}`, `b${round - 2}`]) {
      say({ area, removing: old })
      await vzfs.snapshots.remove(area, old)
    }
}

/** As a tenant does who waits for the disk: into upper, over whatever is there. */
async function write(area: number, state: number): Promise<void> {
  const { upper } = await vzfs.areas.plan(area)
  say({ area, maybe: state, whole: false })
  for (let nth = 0; nth < FILES; nth++) {
    const file = join(upper, `f${nth}`)
    writeFileSync(file, contentsOf(state, nth))
    chownSync(file, baseOf(area), baseOf(area))
  }
  const fd = openSync(upper, 'r')
  files.syncFileSystem(fd)
  closeSync(fd)
  say({ area, state })
}
