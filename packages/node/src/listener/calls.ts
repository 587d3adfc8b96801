/**
 * The system calls that come to the listener, by the number that each kind of program has for them (asm/unistd_64.h, unistd_32.h).
 *
 * 32-bit programs (i386): sysinfo and mknod are right; quotactl is answered with ENOSYS, as its structures differ and no distribution has such
 * tools any more. x32 programs get ENOSYS for all: Debian's kernel does not run them.
 */

import type { Call } from '@insula/kernel'

export type CallName = 'sysinfo' | 'mknod' | 'mknodat' | 'quotactl' | 'quotactl_fd'

const NUMBERS: Readonly<Partial<Record<Call['architecture'], Readonly<Record<number, CallName>>>>> = {
  'x86-64': { 99: 'sysinfo', 133: 'mknod', 179: 'quotactl', 259: 'mknodat', 443: 'quotactl_fd' },
  i386: { 14: 'mknod', 116: 'sysinfo', 297: 'mknodat' },
}

/** Null: answered with ENOSYS. */
export function nameOf({ architecture, number }: Call): CallName | null {
  return NUMBERS[architecture]?.[number] ?? null
}
