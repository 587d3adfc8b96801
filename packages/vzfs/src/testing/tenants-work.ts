/**
 * Two areas with the same private files, which are written, relinked, kept by snapshots, rolled back, moved to other layers, copied, and given files of their own
 * again. A state of an area is a number that tells what its files hold. What is so is told, and before each change what may be so from then on.
 */

import { chownSync, closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { baseOf, contentsOf, FILES, type Told } from './power-states.ts'
import type { Vzfs } from '../vzfs.ts'

const AREAS = [1, 2]
const LAYERS = ['os@0', 'os@1'] as const
const ALL = { share: 'all' } as const

/** @param say resolves when what was told is known wherever it has to be */
export async function tenantsWork(
  files: FileCalls,
  vzfs: Vzfs,
  say: (told: Told) => Promise<void> | void,
  rounds: number,
): Promise<void> {
  for (const [nth, layer] of LAYERS.entries()) {
    const source = await vzfs.scratch()
    writeFileSync(join(source, 'f0'), contentsOf(0, nth))
    await vzfs.layers.build(layer, source)
  }
  for (const area of AREAS) {
    await vzfs.areas.create(area, baseOf(area), [LAYERS[0]], null)
    await say({ area, layer: LAYERS[0], sure: true })
  }
  for (let round = 1; round <= rounds; round++) {
    const [first, second] = [2 * round, 2 * round + 1]
    for (const area of AREAS) await write(area, first)
    for (const area of AREAS) await vzfs.areas.survey(area, ALL)
    for (const area of AREAS) await vzfs.areas.relink(area, ALL)
    const name = `s${round}`
    for (const area of AREAS) {
      await vzfs.snapshots.create(area, { name, cause: 'asked', comment: null, expiresAt: null, record: null })
      await say({ area, snapshot: name, state: first })
      await write(area, second)
    }
    for (const area of AREAS) await vzfs.areas.survey(area, ALL)
    for (const area of AREAS) await vzfs.areas.relink(area, ALL)
    // Its number tells its round: it goes two rounds later.
    await copied(10 + round, 2, second)
    await vzfs.areas.relink(2, { share: 'none' })
    await rebased(1, LAYERS[1])
    for (const area of AREAS) {
      await say({ area, maybe: first, whole: true })
      // The snapshot's layers come with it.
      await say({ area, layer: LAYERS[0], sure: false })
      const before = { name: `b${round}`, cause: 'rollback', comment: null, expiresAt: null, record: null } as const
      await vzfs.snapshots.rollback(area, name, before)
      await say({ area, state: first })
      await say({ area, layer: LAYERS[0], sure: true })
      await say({ area, snapshot: before.name, state: second })
    }
    await vzfs.collect()
    if (round < 3) continue
    await say({ clone: 8 + round, state: second - 4, is: 'leaving' })
    await vzfs.areas.remove(8 + round)
    for (const area of AREAS)
      for (const old of [`s${round - 2}`, `b${round - 2}`]) {
        await say({ area, removing: old })
        await vzfs.snapshots.remove(area, old)
      }
  }

  /** As a tenant does who waits for the disk: into upper, over whatever is there. */
  async function write(area: number, state: number): Promise<void> {
    const { upper } = await vzfs.areas.plan(area)
    await say({ area, maybe: state, whole: false })
    for (let nth = 0; nth < FILES; nth++) {
      const file = join(upper, `f${nth}`)
      writeFileSync(file, contentsOf(state, nth))
      chownSync(file, baseOf(area), baseOf(area))
    }
    const fd = openSync(upper, 'r')
    files.syncFileSystem(fd)
    closeSync(fd)
    await say({ area, state })
  }

  async function copied(clone: number, area: number, state: number): Promise<void> {
    await say({ clone, state, is: 'begun' })
    await vzfs.clone({ id: area, snapshot: null }, { id: clone, base: baseOf(clone), record: null })
    await say({ clone, state, is: 'there' })
  }

  async function rebased(area: number, layer: string): Promise<void> {
    await say({ area, layer, sure: false })
    await vzfs.areas.rebase(area, [layer], ALL)
    await say({ area, layer, sure: true })
  }
}
