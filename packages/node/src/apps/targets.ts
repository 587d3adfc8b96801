/** The VPSs of a rollout. Numbers are given anew when a VPS is gone: what was chosen is known by when it was created, too. */

import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'

/** What is written down with the task. */
export interface ChosenVps {
  readonly vps: readonly number[]
  /** Of each of them, when it was created. An earlier Insula did not write it down. */
  readonly created?: readonly string[] | undefined
}

export interface Target {
  readonly vps: number
  readonly name: string
}

export const chosen = (all: readonly Pick<VpsRecord, 'id' | 'createdAt'>[]): ChosenVps => ({
  vps: all.map(({ id }) => id),
  created: all.map(({ createdAt }) => createdAt),
})

export function targetsOf({ inventory }: Pick<Means, 'inventory'>, { vps }: ChosenVps): Target[] {
  return vps.map((id) => ({ vps: id, name: inventory.get(id)?.name ?? `${id}` }))
}

/** In its turn. @throws ApiFailure when the VPS that was chosen is gone, whoever has its number now */
export function requireChosen(
  { inventory }: Pick<Means, 'inventory'>,
  { vps, created }: ChosenVps,
  { vps: id, name }: Target,
): VpsRecord {
  const found = inventory.get(id)
  if (found !== null && (created === undefined || found.createdAt === created[vps.indexOf(id)])) return found
  throw failure(
    'not_found',
    `VPS "${name}" is not there any more`,
    'nothing was done; see `insula list` for those that there are',
  )
}
