/** The end of an init that nobody asked for from outside: shut down or rebooted from inside, crashed, or killed. */

import type { ExitReport } from '../keeper/keeper.ts'
import type { Means } from '../means.ts'
import { takeDown } from './parts.ts'
import { recordExit } from './exit-record.ts'
import { startVps } from './start.ts'

export async function handleUnexpectedExit(means: Means, report: ExitReport): Promise<void> {
  const id = Number(report.id)
  const { inventory, tasks, log } = means
  await tasks.exclusively(id, async () => {
    const vps = inventory.get(id)
    // Somebody who expected this end has dealt with it, or the VPS is not ours any more.
    if (!vps || !['running', 'suspended', 'suspending', 'resuming'].includes(vps.state)) return
    if ((await means.keeper.list()).some((kept) => kept.id === report.id)) return
    log(`VPS ${vps.name}: its init ended (${report.request ?? report.signal ?? report.code ?? 'unknown'})`)
    await inventory.move(id, 'stopping')
    await recordExit(means, report)
    await takeDown(means, vps).catch((error: unknown) => log(`VPS ${vps.name}: something of it is left over`, error))
    await inventory.move(id, 'stopped', { pid: null, startedAt: null })
    if (report.request === 'reboot') await startVps(means, id)
  })
}
