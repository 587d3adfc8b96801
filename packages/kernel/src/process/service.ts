/** Starts a process that is meant to outlive us: own session, no pipes to break, output appended to a file. */

import { closeSync, openSync } from 'node:fs'
import { type AttachedProcess, startAttached } from './attached.ts'

export interface ServiceOptions {
  /** Appended to; /dev/null when absent. */
  readonly log?: string
  readonly env?: Readonly<Record<string, string>>
  /** Handed over as descriptors 3 and on. */
  readonly descriptors?: readonly number[]
}

export function startService(argv: readonly [string, ...string[]], options: ServiceOptions = {}): AttachedProcess {
  const log = options.log === undefined ? null : openSync(options.log, 'a', 0o640)
  try {
    return startAttached(argv, {
      descriptors: ['null', log ?? 'null', log ?? 'null', ...(options.descriptors ?? [])],
      ...(options.env === undefined ? {} : { env: options.env }),
    })
  } finally {
    if (log !== null) closeSync(log)
  }
}
