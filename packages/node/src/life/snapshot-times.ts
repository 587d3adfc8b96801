/** When the next snapshot of a schedule is due. */

import { Cron } from 'croner'
import type { SnapshotSchedule } from '@insula/contract'
import { failure } from '../failures.ts'

/** @throws ApiFailure invalid_request when its times are none */
export function requireTimes(schedule: SnapshotSchedule | null, doing: string): void {
  if (schedule === null || schedule.at === null) return
  try {
    if (timesOf(schedule.at).nextRun() !== null) return
  } catch (error) {
    throw failure('invalid_request', `${doing}: "${schedule.at}" are no times: ${(error as Error).message}`, REMEDY, error)
  }
  throw failure('invalid_request', `${doing}: "${schedule.at}" never comes`, REMEDY)
}

const REMEDY = 'as cron says it: minute hour day month weekday, "30 3 * * *" is every day at half past three'

/** However many were missed since `last`, one is due. */
export function isDue(schedule: SnapshotSchedule, last: Date, now: Date): boolean {
  const next = schedule.at === null ? last.getTime() + (schedule.every ?? Infinity) * 1_000 : nextOf(schedule.at, last)
  return next <= now.getTime()
}

const nextOf = (at: string, after: Date): number => timesOf(at).nextRun(after)?.getTime() ?? Infinity

/** Five fields alone: more often than every minute nobody means. */
const timesOf = (at: string): Cron => new Cron(at, { mode: '5-part', paused: true })
