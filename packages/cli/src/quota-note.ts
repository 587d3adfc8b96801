/** A disk limit on a volume without quota is legal, and holds nobody: whoever sets one is told. */

import type { VpsChange } from '@insula/contract/light'
import type { Context } from './context.ts'

/** @param names or ids of the VPSs that were changed; none: all */
export async function noteMissingQuota(
  context: Context,
  { limits = {}, quotaUgid = 0 }: Pick<VpsChange, 'limits' | 'quotaUgid'>,
  names: readonly string[],
): Promise<void> {
  const wanted = [limits.disk, limits.diskSoft, limits.inodes, limits.inodesSoft].some((limit) => typeof limit === 'number')
  if (!wanted && quotaUgid === 0) return
  const client = await context.client()
  const [{ volumes }, { vps }] = [await client.volumeList(), await client.vpsList()]
  for (const { name, projectQuota, userQuota } of volumes) {
    const lacking = [
      ...(wanted && projectQuota === false ? ['disk limits'] : []),
      ...(quotaUgid > 0 && userQuota === false ? ['limits of users'] : []),
    ]
    const on = vps.filter(
      (one) => one.volume === name && (names.length === 0 || names.includes(one.name) || names.includes(String(one.id))),
    )
    if (lacking.length === 0 || on.length === 0) continue
    const whose = on.map((one) => one.name).join(', ')
    context.note(
      `insula: ${lacking.join(' and ')} of ${whose} are recorded, but not enforced on volume ${name}; insula doctor says why`,
    )
  }
}
