/** The end of an init that nobody asked for from outside: shut down or rebooted from inside, crashed, or killed. */

import type { ExitReport } from '../keeper/keeper.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { recordExit } from './exit-record.ts'
import { takeDown } from './parts.ts'
import { relinkAfterStop } from './relink.ts'
import { shortageOf } from './shortage.ts'
import { endOf, lastLines, startVps } from './start.ts'

/** A life shorter than this is too short: such an init did not really start, and one that reboots so soon has to wait. */
const SHORT_MS = 1_000
const WAIT_MS = 5_000

export async function handleUnexpectedExit(means: Means, report: ExitReport): Promise<void> {
  const id = Number(report.id)
  const { inventory, tasks, exits, log } = means
  await tasks.exclusively(id, async () => {
    const vps = inventory.get(id)
    // Somebody who expected this end has dealt with it, or the VPS is not ours any more.
    if (!vps || (vps.state !== 'running' && vps.state !== 'suspended')) return
    if ((await means.keeper.list()).some((kept) => kept.id === report.id)) return
    exits.take(id)
    log(`VPS ${vps.name}: its init ended (${report.request ?? endOf(report)})`)
    await dismantle(means, vps, report)
  })
}

/** Takes a VPS whose init has ended down, notes how it ended, and boots it anew if it asked for that. */
export async function dismantle(means: Means, vps: VpsRecord, report: ExitReport | null): Promise<void> {
  const { inventory, log } = means
  const { id } = vps
  const lived = report && vps.startedAt !== null ? report.at - Date.parse(vps.startedAt) : Infinity
  const problem = report && (await problemOf(means, vps, report, lived))
  if (report) await recordExit(means, report)
  await takeDown(means, vps).catch((error: unknown) => log(`VPS ${vps.name}: something of it is left over`, error))
  await inventory.settle(id, 'stopped', { pid: null, startedAt: null, problem })
  if (report?.request !== 'reboot') return relinkAfterStop(means, id)
  setTimeout(
    () => void reboot(means, id).catch((error: unknown) => log('a reboot failed', error)),
    lived < SHORT_MS ? WAIT_MS : 0,
  )
}

/** Null when it ended as an init may. */
async function problemOf(means: Means, vps: VpsRecord, report: ExitReport, lived: number): Promise<string | null> {
  if (report.request !== null || (report.code === 0 && report.signal === null)) return null
  const shortage = report.signal === 'SIGKILL' || lived < SHORT_MS ? await shortageOf(means, vps) : null
  if (shortage) return `${shortage.reason}; ${shortage.remedy}`
  if (lived >= SHORT_MS) return null
  return `its init ended right after the start (${endOf(report)})${await lastLines(means.keeper, vps.id)}`
}

async function reboot(means: Means, id: number): Promise<void> {
  const stopped = (): VpsRecord | null => {
    const vps = means.inventory.get(id)
    return vps?.state === 'stopped' ? vps : null
  }
  const vps = stopped()
  if (!vps) return
  const doing = `cannot boot VPS "${vps.name}" anew`
  await means.tasks.start({ kind: 'vps.start', vps: id, subject: vps.name, doing }, async () => {
    // Whoever had the turn before may have started it, or destroyed it.
    if (stopped()) await startVps(means, id)
  })
}
