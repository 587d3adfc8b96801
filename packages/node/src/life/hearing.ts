/** Whether an init has prepared for the signal that tells it to end: before that the kernel drops it. pid_namespaces(7) */

import type { HostProbe } from '@insula/kernel'
import { signalNumber } from '../keeper/signals.ts'

const LOOK_MS = 50

type Probe = Pick<HostProbe, 'hears'>

/** false: perhaps not. One that is just waiting in sigtimedwait(2), as BusyBox's does, gets a signal that it seems not to hear. */
export const hears = async (probe: Probe, pid: number | null, signal: string): Promise<boolean> =>
  pid === null || (await probe.hears(pid, signalNumber(signal))) === true

/**
 * Waits for one that did not hear when it was told.
 *
 * @param ended when nothing is to be waited for any more
 * @param longest milliseconds; it may be of a kind that never hears
 * @returns whether it hears now
 */
export async function becomesAware(
  probe: Probe,
  pid: number | null,
  signal: string,
  ended: Promise<unknown>,
  longest: number,
): Promise<boolean> {
  const until = performance.now() + longest
  let over = false
  const watched = ended.finally(() => (over = true)).catch(() => undefined)
  while (!over && performance.now() < until) {
    if (await hears(probe, pid, signal)) return true
    await Promise.race([watched, new Promise((resolve) => setTimeout(resolve, LOOK_MS))])
  }
  return false
}
