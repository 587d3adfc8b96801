/** errno(3) by name, of calls that Node made and of ours. */

import { constants } from 'node:os'

/** What failed, by its name; Node has none for EDQUOT, and says UNKNOWN. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return error.code === 'UNKNOWN' && 'errno' in error && error.errno === -constants.errno.EDQUOT ? 'EDQUOT' : error.code
}
