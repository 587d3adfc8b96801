/**
 * Runs a command on input that nobody trusts: it sees the node's files and can change none but those below one directory, opens no device but
 * /dev/null, and ends with this process. It is root, so that it can give files to any owner.
 */

import { writeFileSync } from 'node:fs'
import { libc } from '../libc/libc.ts'
import type { MountCalls, PrivateMounts } from '../mounts/mounts.ts'
import type { ProcessRunner, RunOptions, RunResult } from './runner.ts'

const AT_FDCWD = -100
const AT_RECURSIVE = 0x8000
const AT_EMPTY_PATH = 0x1000
const [RDONLY, NOSUID, NODEV, NOEXEC] = [1n, 2n, 4n, 8n] as const

/** `writable`: a directory. @throws ProcessFailed */
export type RunConfined = (
  argv: readonly [string, ...string[]],
  options: RunOptions & { readonly writable: string },
) => Promise<RunResult>

export function confinedRunner(runner: ProcessRunner, mounts: PrivateMounts): RunConfined {
  return (argv, { writable, ...options }) =>
    // The process is started before `run` returns.
    mounts.inPrivateCopy((calls) => {
      protect(mounts, calls, writable)
      return runner.run(['setpriv', '--pdeathsig', 'KILL', '--no-new-privs', ...argv], options)
    })
}

function protect(mounts: PrivateMounts, calls: MountCalls, writable: string): void {
  using directory = mounts.clone(writable)
  using nothing = mounts.clone('/dev/null')
  calls.fileSystem('tmpfs', '/dev', 'size=64k,mode=755')
  writeFileSync('/dev/null', '')
  calls.attach(nothing, '/dev/null')
  libc.mountSetattr('make all mounts read-only', AT_FDCWD, '/', AT_RECURSIVE, attributes(RDONLY), 32)
  libc.mountSetattr(`protect ${writable}`, directory.fd, '', AT_EMPTY_PATH, attributes(NOSUID | NODEV | NOEXEC), 32)
  calls.attach(directory, writable)
}

function attributes(set: bigint): Buffer {
  const bytes = Buffer.alloc(32)
  bytes.writeBigUInt64LE(set, 0)
  return bytes
}
