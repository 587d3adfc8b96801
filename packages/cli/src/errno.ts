import { constants } from 'node:os'

/** What a call failed with, by its name; Node has none for EDQUOT, and says UNKNOWN. errno(3) */
export function errnoName(error: unknown): string {
  const { code, errno } = (error ?? {}) as { code?: unknown; errno?: unknown }
  return errno === -constants.errno.EDQUOT ? 'EDQUOT' : typeof code === 'string' ? code : ''
}
