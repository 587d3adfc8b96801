/** The daemon's log: JSON lines on standard error, for the journal or the supervisor's file. */

import { pino } from 'pino'
import type { Means } from './means.ts'

/** With details the line is an error; what a message alone tells is information. */
export function openLog(instance: string): Means['log'] {
  const logger = pino({ base: { instance }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }))
  return (message, details) => {
    if (details === undefined) logger.info(message)
    else if (details instanceof Error) logger.error({ err: details }, message)
    else logger.error({ details }, message)
  }
}
