/** The end of a loop device: `mount -o loop` sets autoclear (loop(4)), so it goes with its last user, which udev may be for a moment. */

import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const PATIENCE_MS = 2000
const LOOK_EVERY_MS = 20

/** Until the kernel has taken `device` off its file, for two seconds at most: a mount in a namespace of somebody else may hold it for
 * good, and that is no fault of who unmounts here. At once when it is no loop device. `sys` is /sys/block. */
export async function loopDeviceGone(device: string, sys = '/sys/block'): Promise<void> {
  const backed = join(sys, basename(device), 'loop', 'backing_file')
  for (let waited = 0; waited < PATIENCE_MS && existsSync(backed); waited += LOOK_EVERY_MS) await pause(LOOK_EVERY_MS)
}
