/** How the times are written at which a VPS is updated by itself. */

export const UPDATE_DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const

const DAY = `(?:${UPDATE_DAYS.join('|')})`
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d'

/** "pinned", "follow", or when: "02:00-04:00", "Sat,Sun 23:00-05:00". */
export const UPDATE_POLICY = new RegExp(`^(?:pinned|follow|(?:${DAY}(?:,${DAY})* )?${TIME}-${TIME})$`)
export const UPDATE_POLICY_RULE = 'pinned, follow, or hours such as 02:00-04:00 or "Sat,Sun 02:00-04:00"'
