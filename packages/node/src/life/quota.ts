/** Disk quota of the users and groups inside a VPS, by their ids inside. */

import type { QuotaChange, QuotaEntry, QuotaGraceChange, QuotaGraces, QuotaList } from '@insula/contract'
import { type QuotaAccount, QuotaMissing } from '@insula/kernel'
import { type IdKind, type IdQuota, VzfsError } from '@insula/vzfs'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'

const KINDS = ['user', 'group'] as const

export async function listQuota(means: Means, vps: VpsRecord, only?: IdKind): Promise<QuotaList> {
  return enforced(means, vps, 'cannot show quota of', (quota) => {
    const kinds = KINDS.filter((kind) => only === undefined || only === kind)
    const entries = kinds.flatMap((kind) => Array.from(accounts(quota, kind), (account) => entryOf(kind, account)))
    return { entries, accounted: vps.quotaUgid, enforced: enforcedKinds(quota), grace: gracesOf(quota) }
  })
}

/** @throws ApiFailure exhausted, conflict, unsupported, invalid_request */
export async function setQuota(means: Means, vps: VpsRecord, change: QuotaChange): Promise<QuotaEntry> {
  const { kind, id, ...wanted } = change
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
  return enforced(means, vps, `cannot set the quota of ${kind} ${id} of`, (quota) => {
    quota.limit(kind, id, given)
    means.events.emit({ kind: 'vps.changed', vps: vps.id, data: { name: vps.name, fields: ['quota'] } })
    return entryOf(kind, quota.account(kind, id))
  })
}

/** @throws ApiFailure unsupported */
export async function setGrace(means: Means, vps: VpsRecord, { kind, ...change }: QuotaGraceChange): Promise<QuotaGraces> {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  return enforced(means, vps, 'cannot set the grace times of', (quota) => {
    for (const each of KINDS) if (kind === undefined || kind === each) quota.setGrace(each, given)
    means.events.emit({ kind: 'vps.changed', vps: vps.id, data: { name: vps.name, fields: ['quota'] } })
    return gracesOf(quota)
  })
}

/**
 * Makes what the record says about users and groups hold on the volume. What they may have can be lost, after a power failure for one: then it is what the
 * file system has, for no VPS is to stay away because of it.
 */
export async function accountIds({ vzfs }: Means, { id, quotaUgid }: VpsRecord): Promise<void> {
  const quota = await vzfs.areas.idQuota(id)
  try {
    quota.setAccounted(quotaUgid)
  } catch (error) {
    if (!(error instanceof VzfsError) || error.code !== 'damaged') throw error
    quota.repair(quotaUgid)
  }
}

/** As `accountIds`; and their limits are those that were set, whatever happened to the volume. */
export async function repairIds({ vzfs }: Means, { id, quotaUgid }: VpsRecord): Promise<void> {
  const quota = await vzfs.areas.idQuota(id)
  quota.repair(quotaUgid)
}

function* accounts(quota: IdQuota, kind: IdKind): Generator<QuotaAccount> {
  for (let id = 0; id < 65_536;) {
    const found = quota.next(kind, id)
    if (found === null) return
    yield found
    id = found.id + 1
  }
}

const gracesOf = (quota: IdQuota): QuotaGraces => ({ user: quota.grace('user'), group: quota.grace('group') })

const enforcedKinds = (quota: IdQuota): QuotaList['enforced'] => ({
  user: quota.state('user') === 'enforced',
  group: quota.state('group') === 'enforced',
})

/** @param doing without the VPS: "cannot show quota of" */
async function enforced<T>(
  { vzfs }: Means,
  { id, name, quotaUgid }: VpsRecord,
  doing: string,
  body: (quota: IdQuota) => T,
): Promise<T> {
  const what = `${doing} VPS "${name}"`
  const more = `allow more: insula set ${name} --quota-ugid ${Math.max(100, quotaUgid * 2)}`
  try {
    return body(await vzfs.areas.idQuota(id))
  } catch (error) {
    if (error instanceof QuotaMissing)
      throw failure(
        'unsupported',
        `${what}: ${error.message}`,
        'use a volume with user quota: XFS mounted with uquota and gquota, on a kernel with CONFIG_XFS_QUOTA',
        error,
      )
    if (!(error instanceof VzfsError)) throw error
    if (error.code === 'limit_contradicts') throw failure('invalid_request', `${what}: ${error.message}`, undefined, error)
    if (error.code !== 'too_many_limited') throw error
    if (quotaUgid === 0) throw failure('conflict', `${what}: the VPS has no quota for users and groups`, more, error)
    throw failure('exhausted', `${what}: ${error.message}`, more, error)
  }
}

function entryOf(kind: IdKind, { id, limits, bytes, inodes, bytesGraceEnds, inodesGraceEnds }: QuotaAccount): QuotaEntry {
  const moment = (seconds: number | null): string | null => (seconds === null ? null : new Date(seconds * 1000).toISOString())
  return {
    kind,
    id,
    ...limits,
    bytes,
    inodes,
    bytesGraceEnds: moment(bytesGraceEnds),
    inodesGraceEnds: moment(inodesGraceEnds),
  }
}
