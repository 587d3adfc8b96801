/**
 * Roots as overlayfs shows them, for a thread that reads them and lets go of them again: the mounts are in a mount namespace of that thread alone. The
 * kernel is the one that knows what whiteouts, opaque directories, renamed directories and metadata copies come to; nothing here reads it a second time.
 */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { realPrivateMounts, realUserNamespaces } from '@insula/kernel'
import { IDS } from '../quota/ids.ts'
import type { OverlayPlan } from '../vzfs.ts'

export interface ViewsNeed {
  /** Of the area. */
  readonly plan: OverlayPlan
  readonly base: number
  /** A directory on the volume for what the mounts need; it may be used again. */
  readonly scratch: string
}

export interface Views {
  readonly area: Buffer
  /** Layers alone, as a root made of nothing else would show them to the same owner. */
  readonly layers: Buffer
}

/** @param layers trees, top first @param body synchronous, as in `PrivateMounts` */
export async function withViews<T>(
  { plan, base, scratch }: ViewsNeed,
  layers: readonly string[],
  body: (views: Views) => T,
): Promise<T> {
  const place = (name: string): string => {
    const path = join(scratch, name)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  const [area, alone] = [place('area'), place('layers')]
  const nothing = { own: null, upper: place('upper'), work: place('work') }
  using owner = await realUserNamespaces()({ base, size: IDS })
  return realPrivateMounts().inPrivateCopy((mounts) => {
    mounts.overlay({ ...plan, root: area }, owner)
    mounts.overlay({ ...plan, ...nothing, layers, root: alone }, owner)
    return body({ area: Buffer.from(area), layers: Buffer.from(alone) })
  })
}
