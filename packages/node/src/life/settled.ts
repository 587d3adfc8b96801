/** Whether an init has got as far as an init that works. */

import type { HostProbe } from '@insula/kernel'

/** An init that ends before it has waited for something for so long, or has had a processor for so long, is one that did not start. */
const SLEPT_MS = 12
/** Longer than the other: on a machine that is itself a guest, time that others had may be counted as its own. */
const WORKED_MS = 40
const LOOK_MS = 4
/** Then it counts as one that works, whatever it does: nobody waits for it longer. */
const LONGEST_MS = 1_000

/** @returns false: it has ended, of which whoever watches it may not have heard yet. What it waits for a processor or the disk does not count: on a busy node it may not have come to its first line.
 * Nor does what it has worked before: the runtime makes the VPS in the process that becomes its init. */
export async function settled(probe: Pick<HostProbe, 'activityOf'>, pid: number, longest = LONGEST_MS): Promise<boolean> {
  const began = performance.now()
  let slept = 0
  let before: number | null = null
  while (performance.now() - began < longest) {
    const activity = await probe.activityOf(pid)
    if (activity === null) return false
    before ??= activity.worked
    // However late this look is: nobody knows since when.
    if (activity.asleep) slept += LOOK_MS
    if (slept >= SLEPT_MS || activity.worked - before >= WORKED_MS) return true
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return true
}
