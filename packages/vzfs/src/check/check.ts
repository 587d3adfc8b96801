/** Looks at a whole volume and says what is wrong, in a thread that lets all others go first. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls, Quota } from '@insula/kernel'
import { startCrew } from '../build/crew.ts'
import { poolKey } from '../names.ts'
import { hasProject, takesProjects } from '../quota/takes-projects.ts'
import { holders } from '../references/trees.ts'
import { type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { CheckReport, Damage } from '../reports.ts'
import { checkArea } from './check-area.ts'
import { checkLayer, type SmallFile } from './check-layer.ts'
import { checkPool } from './check-pool.ts'
import { findings, type Report } from './findings.ts'
import { type Named, withNamers } from './named.ts'
import { type PoolIndex, poolIndex } from './pool-index.ts'
import { readTask, type Verdict, VERDICTS } from './read-task.ts'

export interface CheckJob {
  readonly volume: string
  readonly contents: boolean
  readonly pace: number | null
  readonly threads: number
}

export interface CheckMeans {
  readonly files: FileCalls
  /** Of the volume's file system. */
  readonly quota: Quota
}

const BLOCK = 512

export async function checkVolume(
  { files, quota }: CheckMeans,
  { volume, contents, pace, threads }: CheckJob,
  progress: (done: number, total: number) => void,
): Promise<CheckReport> {
  const paths = volumePaths(volume)
  const index = poolIndex(paths)
  const { damages, report } = findings()
  const named: Named = new Map()
  const small: SmallFile[] = []
  const areas = holders(paths).filter(({ kind }) => kind === 'area')
  // Where there is no room to try it, one that is counted already shows it as well.
  const uppers = areas.map(({ name }) => paths.area(Number(name)).upper)
  const counts = await takesProjects(quota, paths.tmp).catch(() => uppers.some((upper) => hasProject(quota, upper)))
  const look = { files, quota: counts ? quota : null, paths, index, named, small: (file: SmallFile) => void small.push(file) }
  const layers = new Set(readdirSync(paths.layers))
  for (const name of layers) await checkLayer({ ...look, report }, name)
  for (const holder of areas) {
    // What relink or a snapshot is changing at this moment is not wrong a moment later.
    const twice = [findings(), findings()] as const
    for (const one of twice) {
      await checkArea({ ...look, report: one.report }, holder, layers)
      if (one.damages.length === 0) break
    }
    const [first, second] = twice.map((one) => one.damages)
    damages.push(...(second ?? []).filter((damage) => first?.some((earlier) => same(earlier, damage))))
  }
  checkPool(paths, index, report)
  const listed = damages.filter((damage) => !isGone(paths, damage))
  if (contents) listed.push(...(await readAll(files, paths, { index, small, pace, threads }, progress)))
  const orphans = [...index.contents].filter(([digest]) => !named.has(digest))
  return {
    damages: listed.map((damage) => withNamers(named, damage)),
    orphans: { files: orphans.length, bytes: orphans.reduce((sum, [, { blocks }]) => sum + blocks * BLOCK, 0) },
    looked: {
      layers: layers.size,
      areas: readdirSync(paths.areas).length,
      contents: index.contents.size,
      bytes: [...index.contents.values()].reduce((sum, { size }) => sum + size, 0),
    },
    deep: contents,
  }
}

const same = (a: Damage, b: Damage): boolean => a.path === b.path && a.problem === b.problem

/** A layer that was removed while it was looked at was sound for all we know. */
function isGone(paths: VolumePaths, { layer }: Damage): boolean {
  return layer !== undefined && !readdirSync(paths.layers).includes(layer)
}

interface Reading {
  readonly index: PoolIndex
  readonly small: readonly SmallFile[]
  readonly pace: number | null
  readonly threads: number
}

async function readAll(
  files: FileCalls,
  paths: VolumePaths,
  { index, small, pace, threads }: Reading,
  progress: (done: number, total: number) => void,
): Promise<Damage[]> {
  await using crew = startCrew(files, threads)
  const pooled = [...index.contents].map(([digest, { size }]) => ({ path: join(paths.pool, poolKey(digest)), digest, size }))
  const all = [...pooled, ...small]
  const task = readTask(all, pace === null ? null : Math.max(1, pace / threads))
  await crew.run(task, (done) => progress(done, all.length))
  const { damages, report } = findings()
  for (const [at, file] of all.entries()) judge(file, VERDICTS[task.verdicts[at] ?? 0] ?? 'sound', report)
  return damages.filter((damage) => !isGone(paths, damage))
}

function judge(
  file: SmallFile | { readonly path: string; readonly digest: string; readonly size: number },
  verdict: Verdict,
  report: Report,
): void {
  // A collection takes contents away that nobody names; what is named and missing was told before.
  if (verdict === 'sound' || verdict === 'gone') return
  const problem = verdict === 'other bytes' ? 'it does not hold what its name says' : 'it cannot be read'
  if (!('layer' in file)) return report({ kind: 'contents', problem, ...file })
  const path = Buffer.from(file.path, 'latin1').toString()
  report({ kind: 'small-file', ...file, path, problem: verdict === 'other bytes' ? 'it does not hold what it held' : problem })
}
