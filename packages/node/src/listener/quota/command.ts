/** Numbers of linux/quota.h and linux/dqblk_xfs.h. */

import type { QuotaKind } from './door.ts'

export type QuotaCommand =
  | 'sync'
  | 'quotaon'
  | 'quotaoff'
  | 'getfmt'
  | 'getinfo'
  | 'setinfo'
  | 'getquota'
  | 'setquota'
  | 'getnextquota'
  | 'xquotaon'
  | 'xquotaoff'
  | 'xgetquota'
  | 'xsetqlim'
  | 'xgetqstat'
  | 'xquotasync'
  | 'xgetqstatv'
  | 'xgetnextquota'

const COMMANDS: Readonly<Record<number, QuotaCommand>> = {
  0x800001: 'sync',
  0x800002: 'quotaon',
  0x800003: 'quotaoff',
  0x800004: 'getfmt',
  0x800005: 'getinfo',
  0x800006: 'setinfo',
  0x800007: 'getquota',
  0x800008: 'setquota',
  0x800009: 'getnextquota',
  0x5801: 'xquotaon',
  0x5802: 'xquotaoff',
  0x5803: 'xgetquota',
  0x5804: 'xsetqlim',
  0x5805: 'xgetqstat',
  0x5807: 'xquotasync',
  0x5808: 'xgetqstatv',
  0x5809: 'xgetnextquota',
}

/** Everybody may, as in the kernel's check_quotactl_permission. */
export const PUBLIC: readonly QuotaCommand[] = ['getfmt', 'sync', 'getinfo', 'xgetqstat', 'xgetqstatv', 'xquotasync']
/** Who is asked about may. */
export const OWN: readonly QuotaCommand[] = ['getquota', 'xgetquota']

export interface ParsedCommand {
  /** Null: there is no such command. */
  readonly command: QuotaCommand | null
  /** Null: a kind that a VPS has not. */
  readonly kind: QuotaKind | null
}

/** QCMD(command, type). */
export function parseCommand(number: number): ParsedCommand {
  return { command: COMMANDS[number >>> 8] ?? null, kind: ([['user'], ['group']] as const)[number & 0xff]?.[0] ?? null }
}
