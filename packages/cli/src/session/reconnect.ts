/** Comes back after insulad was restarted: tries again for half a minute, and says so. */

import { ApiFailure } from '@insula/contract/api-failure'
import type { Context } from '../context.ts'

export const RECONNECT_FOR = 30_000
const PAUSE = 300

/** What `open` gives once it succeeds. @throws its failure, if it is another one, or still the same when the time is over */
export async function reconnect<Value>(context: Context, open: () => Promise<Value>): Promise<Value> {
  context.note('insula: the connection to insulad was lost; trying to come back')
  const until = Date.now() + RECONNECT_FOR
  for (;;) {
    try {
      const value = await open()
      context.note('insula: connected again')
      return value
    } catch (error) {
      if (!(error instanceof ApiFailure) || !error.retryable || Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE))
    }
  }
}
