/** Why a command could not be started, with what to do about it. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CLEAN_ENVIRONMENT } from './environment.ts'

/** Debian packages of the tools that are run, for the remedy when one is missing. */
const PACKAGES: Readonly<Record<string, string>> = {
  chroot: 'coreutils',
  cp: 'coreutils',
  crun: 'crun',
  lxcfs: 'lxcfs',
  'mkfs.xfs': 'xfsprogs',
  mmdebstrap: 'mmdebstrap',
  mount: 'mount',
  nft: 'nftables',
  tar: 'tar',
  setpriv: 'util-linux',
  umount: 'mount',
  unshare: 'util-linux',
}

/** @param code errno's name where it is known */
export function couldNotStart(command: string, code?: string, cwd?: string): string {
  // The kernel says ENOENT for both, and so does it for a script whose interpreter is missing.
  if (cwd !== undefined && !existsSync(cwd)) return `could not be started: its working directory ${cwd} does not exist`
  if (code !== undefined && code !== 'ENOENT') return `could not be started (${code})`
  if (found(command)) return `could not be started${code === undefined ? ': is the process limit reached?' : ` (${code})`}`
  const name = PACKAGES[command]
  return name === undefined ? 'was not found' : `was not found; install it with: apt-get install ${name}`
}

function found(command: string): boolean {
  if (command.includes('/')) return existsSync(command)
  return CLEAN_ENVIRONMENT.PATH.split(':').some((directory) => existsSync(join(directory, command)))
}
