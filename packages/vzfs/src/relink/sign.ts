/**
 * What tells that an area's private files are still those that were looked at: whenever the kernel mounts it to be written, it makes the directory in `work`
 * anew; a rollback brings another `upper`, a relink other links. If it ever tells so in vain, something is not shared that could be.
 */

import type { BigIntStats } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../errors.ts'
import { areaPaths } from '../volume-paths.ts'

export interface AreaSign {
  /** null: it was mounted so lately that a further mount might not show. */
  readonly area: string | null
  /** Of its own layer; empty when it has none. */
  readonly links: string
}

/** Times of files go by ticks of the kernel's clock. */
const TICK_NS = 20_000_000n

export async function signOf(directory: string): Promise<AreaSign> {
  const { upper, work, links } = areaPaths(directory)
  const now = BigInt(Date.now()) * 1_000_000n
  const [top, beside, inner, own] = await Promise.all([upper, work, join(work, 'work'), links].map(look))
  const lately = beside === undefined || beside === null || beside.ctimeNs > now - TICK_NS
  const area = [top?.ino, beside?.ino, beside?.ctimeNs, inner?.ino, own?.ino].join(' ')
  return { area: lately ? null : area, links: own ? `${own.ino}:${own.birthtimeNs}` : '' }
}

async function look(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}
