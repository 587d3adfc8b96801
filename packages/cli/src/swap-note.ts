/** A limit of swap on a node without swap is legal, and says nothing until there is some. */

import type { LimitsChange } from '@insula/contract/light'
import type { Context } from './context.ts'

export async function noteMissingSwap(context: Context, limits: LimitsChange | undefined): Promise<void> {
  if (!limits?.swap) return
  const { swap } = await (await context.client()).nodeShow()
  if (swap === 0) context.note('insula: this node has no swap; the limit counts once it has some (swapon(8))')
}
