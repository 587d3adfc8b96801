/** What answers need to know of a VPS, from what its launch left in its bundle. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IdQuotaPlace } from '@insula/vzfs'
import { readKeptRecord } from '../keeper/launch.ts'

export interface ListenedVps {
  readonly id: string
  /** Host pid of its init. */
  readonly init: number
  readonly base: number
  readonly size: number
  readonly cgroup: string
  readonly quota: IdQuotaPlace | null
}

/** Null: it is gone, or its launch has not come so far. */
export function listenedVps(bundles: string, id: string): ListenedVps | null {
  const bundle = join(bundles, id)
  const record = readKeptRecord(bundle)
  const init = pidIn(join(bundle, 'pid'))
  return record && init !== null ? { id, init, size: IDS, ...record } : null
}

/** Of every VPS. */
const IDS = 65_536

function pidIn(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8')) || null
  } catch {
    return null
  }
}
