/** How a VPS's init ended, as its record keeps it. */

import type { ExitReport } from '../keeper/keeper.ts'
import type { Means } from '../means.ts'

export async function recordExit(means: Means, { id, code, signal, request, at }: ExitReport): Promise<void> {
  await means.inventory.change(Number(id), { lastExit: { code, signal, request, at: new Date(at).toISOString() } })
}
