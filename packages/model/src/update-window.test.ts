import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { mayUpdate } from './update-window.ts'

/** 2026-11-23 is a Monday. */
const at = (day: number, time: string): Date => new Date(`2026-11-${day}T${time}:00`)

test('never, always, and between two times of each day', () => {
  assert.equal(mayUpdate('pinned', at(23, '03:00')), false)
  assert.equal(mayUpdate('follow', at(23, '03:00')), true)
  const hours = (time: string): boolean => mayUpdate('02:00-04:00', at(23, time))
  assert.deepEqual(['01:59', '02:00', '03:59', '04:00'].map(hours), [false, true, true, false])
})

test('over midnight it belongs to the day on which it begins', () => {
  const policy = 'Sat,Sun 23:00-05:00'
  assert.equal(mayUpdate(policy, at(28, '22:59')), false)
  assert.equal(mayUpdate(policy, at(28, '23:00')), true)
  assert.equal(mayUpdate(policy, at(30, '04:59')), true, 'Monday, of Sunday')
  assert.equal(mayUpdate(policy, at(30, '05:00')), false)
  assert.equal(mayUpdate(policy, at(28, '04:00')), false, 'Saturday, of Friday')
})

test('of a week it is on for as long as its days and hours say', () => {
  const minutes = fc.integer({ min: 0, max: 24 * 60 - 1 })
  const text = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
  fc.assert(
    fc.property(minutes, minutes, fc.uniqueArray(fc.constantFrom('Mon', 'Wed', 'Sat', 'Sun')), (from, until, days) => {
      const policy = `${days.length === 0 ? '' : `${days.join(',')} `}${text(from)}-${text(until)}`
      let on = 0
      for (let day = 23; day < 30; day += 1)
        for (let hour = 0; hour < 24; hour += 1)
          for (let minute = 0; minute < 60; minute += 1) if (mayUpdate(policy, new Date(2026, 10, day, hour, minute))) on += 1
      const length = until > from ? until - from : until + 24 * 60 - from
      assert.equal(on, length * (days.length === 0 ? 7 : days.length), policy)
    }),
    { numRuns: 20 },
  )
})
