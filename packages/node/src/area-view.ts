/** The files of a private area whose VPS does not run, as the VPS sees them: mounted for a moment where nobody else looks. */

import {
  type ConfinedRoot,
  openConfinedRoot,
  type OpenConfinedRoot,
  type PrivateMounts,
  type UserNamespaces,
} from '@insula/kernel'
import type { OverlayPlan } from '@insula/vzfs'
import { ID_RANGE_SIZE } from './life/parts.ts'

/** `body` is synchronous, as in `PrivateMounts`. */
export type AreaView = <T>(plan: OverlayPlan, base: number, body: (root: ConfinedRoot) => T) => Promise<T>

export interface AreaViewMeans {
  readonly mounts: PrivateMounts
  readonly userNamespaces: UserNamespaces
  readonly openRoot?: OpenConfinedRoot
}

export function areaView({ mounts, userNamespaces, openRoot = openConfinedRoot }: AreaViewMeans): AreaView {
  return async (plan, base, body) => {
    using owner = await userNamespaces({ base, size: ID_RANGE_SIZE })
    return mounts.inPrivateCopy((calls) => {
      calls.overlay(plan, owner)
      using root = openRoot(plan.root)
      return body(root)
    })
  }
}
