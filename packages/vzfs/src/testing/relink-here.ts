/** A relink in the calling thread, without the volume's own guards. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realQuota } from '@insula/kernel'
import { readAreaInfo } from '../area-file.ts'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'
import { startCrew } from '../build/crew.ts'
import { count } from '../quota/account.ts'
import { settle } from '../relink/apply.ts'
import { relink } from '../relink/relink.ts'
import { volumePaths } from '../volume-paths.ts'
import type { RelinkReport, Share } from '../relink/report.ts'

/** @param step called before each change */
export async function relinkHere(
  volume: string,
  area: number,
  layers: readonly string[],
  step: () => void = () => {},
  share: Share = 'all',
  from = SHARED_FROM_BYTES,
): Promise<RelinkReport> {
  const files = realFileCalls()
  const paths = volumePaths(volume)
  const { directory, newLinks, newOwn } = paths.area(area)
  const scratch = mkdtempSync(join(paths.tmp, 'relink.'))
  using quota = realQuota(volume)
  const base = (await readAreaInfo(paths.area(area).info, area))?.base ?? 0
  for (const made of [newLinks, newOwn]) {
    mkdirSync(made, { mode: 0o700 })
    count(quota, made, base)
  }
  const trees = layers.map((layer) => paths.layer(layer).tree)
  try {
    const job = {
      area,
      base,
      directory,
      pool: paths.pool,
      scratch,
      layers: trees,
      everyLayer: layers.map((layer) => ({ identity: layer, tree: paths.layer(layer).tree })),
      everyArea: readdirSync(paths.areas).map(Number),
      index: paths.index,
      share,
      from,
      allowance: null,
      survey: false,
    }
    await using crew = startCrew(files, 1)
    return await relink(files, crew, job, () => {}, step)
  } finally {
    settle(files, { directory })
    rmSync(scratch, { recursive: true })
  }
}
