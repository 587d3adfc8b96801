/** Limits of users and groups on a volume that counts none are legal, and say nothing there. */

import type { Context } from './context.ts'

export async function noteMissingQuota(context: Context, count: number | undefined): Promise<void> {
  if (!count) return
  const { volumes } = await (await context.client()).volumeList()
  if (volumes.every(({ userQuota }) => userQuota === false))
    context.note('insula: no volume of this node counts what users and groups have; such limits are recorded and not enforced')
}
