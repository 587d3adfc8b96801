/** Accounts of the users and groups inside an area: those of the host ids that the area owns, shown by their ids inside. */

import type { Quota, QuotaAccount } from '@insula/kernel'

/** Host ids of an area. */
export const IDS = 65_536

export type IdKind = 'user' | 'group'

/** Those that have anything or limits, by id. */
export function* accountsOf(quota: Quota, kind: IdKind, base: number): Generator<QuotaAccount> {
  for (let next = base; next < base + IDS;) {
    const found = quota.next(kind, next)
    if (found === null || found.id >= base + IDS) return
    yield { ...found, id: found.id - base }
    next = found.id + 1
  }
}

export const isLimited = ({ limits }: Pick<QuotaAccount, 'limits'>): boolean =>
  Object.values(limits).some((limit) => limit !== null)
