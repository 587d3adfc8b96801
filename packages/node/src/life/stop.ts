/** Asks a VPS's init to shut down, kills what does not, and takes every part down. */

import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { becomesAware, hears } from './hearing.ts'
import { requireLegal } from './legality.ts'
import { cgroupOf, takeDown } from './parts.ts'
import { recordExit } from './exit-record.ts'

export interface StopOptions {
  /** Seconds until what still runs is killed. */
  readonly timeout?: number | undefined
  readonly force?: boolean | undefined
}

const PATIENCE_S = 60
/** SIGKILL takes effect within this; the cgroup is killed afterwards in any case. */
const KILL_MS = 5_000

export async function stopVps(means: Means, id: number, options: StopOptions = {}): Promise<VpsRecord> {
  const before = means.inventory.get(id)
  requireLegal('stop', before, id)
  await means.inventory.move(id, 'stopping')
  return finishStop(means, id, options, before.state === 'suspended')
}

/** From `stopping` to `stopped`; also what a restarted daemon does with a stop that was cut off. When it fails the VPS is what it is then. */
export async function finishStop(means: Means, id: number, options: StopOptions, frozen: boolean): Promise<VpsRecord> {
  const vps = means.inventory.get(id)
  if (!vps) throw new Error(`VPS ${id} is gone`)
  try {
    await end(means, vps, options, frozen)
    await takeDown(means, vps)
    return await means.inventory.move(id, 'stopped', { pid: null, startedAt: null })
  } catch (error) {
    await means.inventory.settle(id, await found(means, id), { problem: `its stop failed: ${(error as Error).message}` })
    throw error
  }
}

async function end(means: Means, vps: VpsRecord, options: StopOptions, frozen: boolean): Promise<void> {
  const { keeper, exits, cgroups } = means
  const { id } = vps
  using exit = exits.expect(id)
  const asked = options.force !== true && options.timeout !== 0
  const began = performance.now()
  const patience = asked ? (options.timeout ?? PATIENCE_S) * 1_000 : KILL_MS
  const { stopSignal } = vps.init
  const prepared = !asked || (await hears(means.probe, vps.pid, stopSignal))
  const reached = await keeper.signal(`${id}`, asked ? stopSignal : 'SIGKILL')
  // A frozen process acts on no signal.
  if (frozen) await cgroups.thaw(cgroupOf(means, id))
  if (!reached) return
  if (!prepared && (await becomesAware(means.probe, vps.pid, stopSignal, exit.ended, patience)))
    await keeper.signal(`${id}`, stopSignal)
  let report = await within(exit.ended, patience - (performance.now() - began))
  if (!report && asked) {
    means.log(`VPS ${vps.name} did not shut down within ${patience / 1000} s; it is killed`)
    await keeper.signal(`${id}`, 'SIGKILL')
    report = await within(exit.ended, KILL_MS)
  }
  if (report) await recordExit(means, report)
}

async function found(means: Means, id: number): Promise<'running' | 'suspended' | 'failed'> {
  const { keeper, cgroups } = means
  const runs = await keeper.list().then(
    (kept) => kept.some((one) => one.id === `${id}`),
    // A keeper that cannot be asked keeps what it kept.
    () => true,
  )
  if (!runs) return 'failed'
  return (await cgroups.frozen(cgroupOf(means, id)).catch(() => false)) ? 'suspended' : 'running'
}

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(resolve, milliseconds, null).unref()
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
