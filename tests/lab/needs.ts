/** What a machine of the lab needs of the one that it runs on. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

const QEMU = 'qemu-system-x86_64'

/** What is missing and what to do about it; null when nothing is. */
export function missing(): string | null {
  if (process.getuid?.() !== 0) return 'it needs root; use sudo'
  const directories = (process.env['PATH'] ?? '').split(':')
  if (directories.some((directory) => existsSync(join(directory, QEMU)))) return null
  return `there is no ${QEMU}; install it with: apt-get install qemu-system-x86`
}
