/** Whether an init has got as far as an init that works. */

import type { HostProbe } from '@insula/kernel'

/** An init that ends before it has had a processor for this long, or has waited for something for this long, is one that did not start. */
const SETTLED_MS = 12
const LOOK_MS = 4
/** Then it counts as one that works, whatever it does: nobody waits for it longer. */
const LONGEST_MS = 1_000

/** @returns false: it has ended, of which whoever watches it may not have heard yet. What it waits for a processor or the disk does not count: on a busy node it may not have come to its first line. */
export async function settled(probe: Pick<HostProbe, 'activityOf'>, pid: number, longest = LONGEST_MS): Promise<boolean> {
  const began = performance.now()
  let slept = 0
  while (performance.now() - began < longest) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    const activity = await probe.activityOf(pid)
    if (activity === null) return false
    // However late this look is: nobody knows since when.
    if (activity.asleep) slept += LOOK_MS
    if (slept >= SETTLED_MS || activity.worked >= SETTLED_MS) return true
  }
  return true
}
