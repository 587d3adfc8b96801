/** When a VPS may be updated by itself. */

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const DAY_MINUTES = 24 * 60

/**
 * @param policy "pinned": never; "follow": always; "02:00-04:00", "Sat,Sun 23:00-05:00": from the first minute until before the second, which is of the
 *   next day when it is not later than the first; the days are those on which it begins
 * @param now by the clock of the machine
 */
export function mayUpdate(policy: string, now: Date): boolean {
  if (policy === 'follow') return true
  const [, days, begin = '', end = ''] = /^(?:([A-Za-z,]+) )?(\d\d:\d\d)-(\d\d:\d\d)$/.exec(policy) ?? []
  if (end === '') return false
  const [from, until] = [minutesOf(begin), minutesOf(end)]
  const minute = now.getHours() * 60 + now.getMinutes()
  const length = until > from ? until - from : until + DAY_MINUTES - from
  const isOn = (weekday: number): boolean => days === undefined || days.split(',').includes(DAYS[weekday] ?? '')
  const today = now.getDay()
  if (minute >= from && minute - from < length && isOn(today)) return true
  // What began yesterday.
  return minute + DAY_MINUTES - from < length && isOn((today + 6) % 7)
}

function minutesOf(time: string): number {
  const [hours = '', minutes = ''] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}
