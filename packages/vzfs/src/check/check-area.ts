/** One private area: what describes it, and the trees of stubs that it has. What lies in its upper directory is its owner's business. */

import { existsSync, readlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { FileCalls, Quota } from '@insula/kernel'
import { readAreaInfo } from '../area-file.ts'
import { readablePath, withoutControl } from '../build/entry.ts'
import { METACOPY, REDIRECT } from '../build/stub.ts'
import { diskUse, NeverStill } from '../disk-use.ts'
import { linkDifferences } from '../links/compare.ts'
import { digestOf, linksRecordOf, readLinksRecord, type RecordedLink } from '../links/record.ts'
import { areaIdOf, digestOfKey } from '../names.ts'
import { privateTrees } from '../private-trees.ts'
import { IDS } from '../quota/ids.ts'
import { uncountedIn } from '../quota/recount.ts'
import type { Holder } from '../references/trees.ts'
import { readJournal } from '../relink/journal.ts'
import { readRollbackJournal } from '../snapshots/rollback.ts'
import { readSnapshotInfo, snapshotNames } from '../snapshots/snapshot-file.ts'
import type { AreaPaths, VolumePaths } from '../volume-paths.ts'
import type { AreaInfo } from '../vzfs.ts'
import { checkNamed } from './check-layer.ts'
import { holdsData } from './compare.ts'
import { type Named, namers } from './named.ts'
import { messageOf, type Report } from './findings.ts'
import { type PoolIndex, statsOf } from './pool-index.ts'

export interface AreaLook {
  readonly files: FileCalls
  /** Null: the volume takes no projects, so nothing on it can be counted for an area. */
  readonly quota: Quota | null
  readonly paths: VolumePaths
  readonly index: PoolIndex
  readonly report: Report
  readonly named: Named
}

export async function checkArea(look: AreaLook, { name, directory, trees }: Holder, layers: ReadonlySet<string>): Promise<void> {
  const { paths } = look
  const id = areaIdOf(name)
  if (id === null) return look.report({ kind: 'leftover', path: directory, problem: 'it is not an area', repairable: false })
  const report: Report = (damage) => look.report({ ...damage, area: id })
  const damaged = (error: unknown): void =>
    existsSync(directory)
      ? report({ kind: 'area-file', path: directory, problem: messageOf(error), repairable: false })
      : undefined
  const area = await readAreaInfo(paths.area(id).info, id).catch(damaged)
  try {
    if (area === null) report({ kind: 'area-file', path: directory, problem: 'it has no area.json', repairable: false })
    if (area) checkAround({ ...look, report }, area, layers)
    await checkJournals(paths.area(id), report)
    if (area && look.quota) await checkAccount(look.quota, paths, area, report)
    for (const tree of trees) {
      const was = area ? recorded({ ...look, report }, area, tree) : null
      if (was === null) await checkStubs({ ...look, report }, id, tree)
      else checkLinks({ ...look, report }, id, tree, was)
    }
    if (area) await checkSnapshots(paths.area(id), report)
  } catch (error) {
    damaged(error)
  }
}

function checkAround({ paths, report }: AreaLook, { id, base, layers }: AreaInfo, existing: ReadonlySet<string>): void {
  const { directory, upper, work, info, record } = paths.area(id)
  for (const layer of layers)
    if (!existing.has(layer))
      report({ kind: 'area-file', path: directory, problem: `its layer ${layer} does not exist`, repairable: false })
  for (const [path, mode] of [
    [directory, 0o700],
    [work, 0o700],
    [info, 0o600],
    [record, 0o600],
  ] as const) {
    const stats = statsOf(path)
    if (stats === null) {
      if (path !== record) report({ kind: 'area-file', path, problem: 'it is missing', repairable: path === work })
    } else if (stats.uid !== 0 || stats.gid !== 0 || (stats.mode & 0o077) !== 0)
      report({
        kind: 'owner',
        path,
        problem: `it belongs to ${stats.uid}:${stats.gid} with mode ${(stats.mode & 0o7777).toString(8)} instead of 0:0 with ${mode.toString(8)}`,
      })
  }
  const stats = statsOf(upper)
  if (stats?.isDirectory() !== true) report({ kind: 'area-file', path: upper, problem: 'it is missing', repairable: false })
  else if (![stats.uid, stats.gid].every((one) => one >= base && one < base + IDS))
    report({
      kind: 'owner',
      path: upper,
      problem: `it belongs to ${stats.uid}:${stats.gid}, which are not ids of the area: they go from ${base} to ${base + IDS - 1}`,
    })
}

/** What was begun and cannot be finished keeps the area from being used. */
async function checkJournals(area: AreaPaths, report: Report): Promise<void> {
  for (const [path, read] of [
    [area.relink, () => readJournal(area.relink)],
    [area.rollback, () => readRollbackJournal(area)],
  ] as const)
    try {
      await read()
    } catch (error) {
      report({ kind: 'area-file', path, problem: messageOf(error), repairable: false })
    }
}

/** Which of several is told depends on nothing that changes, so that a second look tells the same. */
async function checkAccount(quota: Quota, paths: VolumePaths, { id, base }: AreaInfo, report: Report): Promise<void> {
  const area = paths.area(id)
  const path = await uncountedIn(quota, await privateTrees(area), base).catch((error: unknown) => {
    // Its owner would decide whether the volume is sound.
    if (error instanceof NeverStill) return null
    throw error
  })
  if (path === null) return
  const problem = `not all of its files are counted for its disk limit: ${relative(area.directory, path)} is not`
  report({ kind: 'account', path: area.directory, problem })
}

/** null: by an earlier version, or nobody can tell any more. */
function recorded({ paths, report }: AreaLook, { id, base }: AreaInfo, tree: string): RecordedLink[] | null {
  const path = linksRecordOf(tree)
  try {
    return readLinksRecord(path, base)
  } catch (error) {
    report({ kind: 'record', path, problem: messageOf(error), links: relative(paths.area(id).directory, tree) })
    return null
  }
}

function checkLinks(
  { files, paths, index, report, named }: AreaLook,
  id: number,
  tree: string,
  was: readonly RecordedLink[],
): void {
  const links = relative(paths.area(id).directory, tree)
  const pathOf = (path: string): string => join(tree, readablePath(path))
  for (const { path, problem } of linkDifferences(files, tree, was))
    report({ kind: 'stub', path: pathOf(path), problem, links, entry: path })
  for (const link of was) {
    const digest = digestOf(link)
    if (digest === null) continue
    namers(named, digest).areas.add(id)
    checkNamed(index, report, pathOf(link.path), { digest, size: link.size, length: link.size })
  }
}

async function checkSnapshots(area: AreaPaths, report: Report): Promise<void> {
  for (const name of await snapshotNames(area)) {
    const { info, upper } = area.snapshot(name)
    const lost = (path: string, problem: string): void => report({ kind: 'area-file', path, problem, repairable: false })
    if (statsOf(upper)?.isDirectory() !== true) lost(upper, 'it is missing')
    try {
      if ((await readSnapshotInfo(info, name)) === null) lost(info, 'it is missing')
    } catch (error) {
      lost(info, messageOf(error))
    }
  }
}

async function checkStubs({ files, index, report, named }: AreaLook, id: number, tree: string): Promise<void> {
  const broken = (path: Buffer, problem: string): void =>
    report({ kind: 'stub', path: reachedBy(path), problem, repairable: false })
  await diskUse(tree, (path, stats) => {
    if (!stats.isFile()) return
    const target = files.getXattr(path, REDIRECT)?.toString('latin1') ?? ''
    if (files.getXattr(path, METACOPY) === null) {
      if (stats.size > 0n && (target !== '' || !holdsData(files, path)))
        broken(path, `its mark as a stub, ${METACOPY}, is missing`)
      return
    }
    const digest = digestOfKey(target)
    if (holdsData(files, path)) broken(path, 'it holds data of its own')
    if (digest === null) {
      // What a metadata copy shows may also lie in a layer, where it is called so.
      if (!target.startsWith('/') || target === '/')
        broken(path, `${REDIRECT} is ${target === '' ? 'missing' : JSON.stringify(target)}, which names no contents`)
      return
    }
    namers(named, digest).areas.add(id)
    checkNamed(index, report, reachedBy(path), { digest, size: Number(stats.size), length: null })
  })
}

/** Where that is for people: the walk itself goes by open directories. */
function reachedBy(path: Buffer): string {
  const text = path.toString()
  const cut = text.lastIndexOf('/')
  try {
    return withoutControl(join(readlinkSync(text.slice(0, cut)), text.slice(cut + 1)))
  } catch {
    return withoutControl(text)
  }
}
