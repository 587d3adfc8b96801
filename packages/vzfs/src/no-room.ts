/** What is said when there was no room: whether the volume is full or a limit is reached, which it is, and what to do. */

import { statfsSync } from 'node:fs'
import type { Quota, QuotaAccount } from '@insula/kernel'
import { errnoOf, saysFull, VzfsError } from './errors.ts'
import { projectOf } from './quota/account.ts'

export interface Tried {
  /** "cannot make snapshot one of area 101" */
  readonly doing: string
  readonly volume: string
  /** Whose limits hold for it, as it was before; null: nobody's. */
  readonly account: QuotaAccount | null
  /** How things are now. */
  readonly left?: string
}

/** null where nothing is enforced. */
export const accountOf = (quota: Quota, base: number): QuotaAccount | null =>
  quota.kinds.has('project') ? quota.account('project', projectOf(base)) : null

/** As full as this a volume is when writing to it has failed. */
const [LITTLE, FEW] = [16 * 1024 ** 2, 64]

/** The error itself when it is about something else. */
export function noRoom(error: unknown, { doing, volume, account, left = 'nothing of it is left' }: Tried): unknown {
  if (!saysFull(error)) return error
  const full = `${doing}: the volume is full; ${left}`
  // Limits of users and groups. Of an area's own limit, XFS says that there is no space.
  if (errnoOf(error) === 'EDQUOT' && account !== null) return overLimit(`${doing}: ${ofSomebody(account)}; ${left}`, error)
  const { bavail, bsize, ffree } = statfsSync(volume)
  const isLimited = account !== null && (account.limits.bytesHard !== null || account.limits.inodesHard !== null)
  if (!isLimited || bavail * bsize < LITTLE || ffree < FEW) return new VzfsError('no_space', full, { cause: error })
  return overLimit(`${doing}: ${ofArea(account)}; ${left}`, error)
}

const overLimit = (message: string, cause: unknown): VzfsError => new VzfsError('over_limit', message, { cause })

const ofArea = (account: QuotaAccount): string =>
  `it does not fit into the limit of the area, which pays for its copies too (${used(account)})`

const ofSomebody = (account: QuotaAccount): string =>
  `the limit of the area, or of a user or group inside of it, is reached (${used(account)})`

function used({ bytes, inodes, limits: { bytesHard, inodesHard } }: QuotaAccount): string {
  const space = bytesHard === null ? mib(bytes) : `${mib(bytes)} of ${mib(bytesHard)}`
  const count = inodesHard === null ? `${inodes} inodes` : `${inodes} of ${inodesHard} inodes`
  return `${space} and ${count} were in use`
}

export const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`
