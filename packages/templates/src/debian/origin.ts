/** Where a Debian system comes from. Together with its definition this decides what the system is, and nothing is downloaded to know it. */

import type { ProcessRunner } from '@insula/kernel'
import { type TreeCache, treeCache } from '../tree-cache.ts'
import { type AptSetting, parseSettings } from './apt-settings.ts'
import { type Archive, type ArchivesNeed, chooseArchives } from './archives.ts'

export interface Origin {
  readonly archives: readonly Archive[]
  /** Of the node's apt. */
  readonly settings: readonly AptSetting[]
}

export async function originOf(suite: string, mirror: string | undefined, need: ArchivesNeed): Promise<Origin> {
  const archives = await chooseArchives(suite, mirror, need)
  return { archives, settings: await nodeSettings(need.runner, need.signal) }
}

export async function nodeSettings(runner: ProcessRunner, signal: AbortSignal | undefined): Promise<AptSetting[]> {
  const { stdout } = await runner.run(['apt-config', 'dump', '--format', '%f "%v";%n'], signal ? { signal } : {})
  return parseSettings(stdout)
}

/** Of finished trees of one definition. */
export const cacheOf = (directory: string, digest: string, { archives, settings }: Origin, runner: ProcessRunner): TreeCache =>
  treeCache(directory, [digest, archives, settings], runner)
