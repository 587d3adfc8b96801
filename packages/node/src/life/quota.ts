/** Quota of users and groups inside a VPS, on the VPS's own host ids: the kernel enforces it, for a VPS that runs and for one that does not. */

import type { QuotaChange, QuotaEntry, QuotaList } from '@insula/contract'
import { type QuotaAccount, QuotaMissing } from '@insula/kernel'
import { type IdKind, isLimited } from '@insula/vzfs'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'

const KINDS = ['user', 'group'] as const

export async function listQuota({ vzfs }: Means, vps: VpsRecord, only?: IdKind): Promise<QuotaList> {
  return enforced(`cannot show quota of VPS "${vps.name}"`, async () => {
    const entries: QuotaEntry[] = []
    for (const kind of KINDS) {
      if (only !== undefined && only !== kind) continue
      for (const account of await vzfs.areas.idAccounts(vps.id, kind)) entries.push(entryOf(kind, account))
    }
    return { entries, accounted: vps.quotaUgid, grace: await vzfs.areas.grace(only ?? 'user') }
  })
}

/** @throws ApiFailure exhausted, conflict, unsupported, invalid_request */
export async function setQuota(means: Means, vps: VpsRecord, change: QuotaChange): Promise<QuotaEntry> {
  const { kind, id, ...wanted } = change
  const doing = `cannot set the quota of ${kind} ${id} of VPS "${vps.name}"`
  return enforced(doing, async () => {
    const before = await means.vzfs.areas.idAccount(vps.id, kind, id)
    const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
    const limits = { ...before.limits, ...given }
    for (const [soft, hard] of [
      ['bytesSoft', 'bytesHard'],
      ['inodesSoft', 'inodesHard'],
    ] as const) {
      const [least, most] = [limits[soft], limits[hard]]
      if (least !== null && most !== null && least > most)
        throw failure('invalid_request', `${doing}: the soft limit of ${least} never applies, for the hard one is ${most}`)
    }
    if (isLimited({ ...before, limits }) && !isLimited(before)) await requirePlace(means, vps, doing)
    await means.vzfs.areas.limitId(vps.id, kind, id, limits)
    means.events.emit({ kind: 'vps.changed', vps: vps.id, data: { name: vps.name, fields: ['quota'] } })
    return entryOf(kind, await means.vzfs.areas.idAccount(vps.id, kind, id))
  })
}

async function requirePlace({ vzfs }: Means, { id, name, quotaUgid }: VpsRecord, doing: string): Promise<void> {
  const remedy = `allow more: insula set ${name} --quota-ugid ${Math.max(100, quotaUgid * 2)}`
  if (quotaUgid === 0) throw failure('conflict', `${doing}: the VPS has no quota for users and groups`, remedy)
  const accounts = await Promise.all(KINDS.map((kind) => vzfs.areas.idAccounts(id, kind)))
  const limited = accounts.flat().filter(isLimited).length
  if (limited >= quotaUgid)
    throw failure('exhausted', `${doing}: ${limited} users and groups have limits already, and no more may`, remedy)
}

async function enforced<T>(doing: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof QuotaMissing)) throw error
    throw failure(
      'unsupported',
      `${doing}: ${error.message}`,
      'use a volume with user quota: XFS mounted with uquota and gquota, on a kernel with CONFIG_XFS_QUOTA',
      error,
    )
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
