/** How the values of options are written. Each throws the end of a sentence that begins with the option's name. */

import { UsageError } from './command.ts'

export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= low && value <= high)) throw new UsageError(`takes a whole number from ${low} to ${high}, not '${text}'`)
    return value
  }
}

export function seconds(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)?$/.exec(text)
  if (match === null) throw new UsageError(`takes a time such as 30, 500ms or 2m, not '${text}'`)
  return Number(match[1]) * (match[2] === 'ms' ? 0.001 : match[2] === 'm' ? 60 : 1)
}

const LONGER = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

/** Whole seconds. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d{1,10})([smhd])$/.exec(text) ?? []
  const value = Number(count) * LONGER[(unit ?? 's') as keyof typeof LONGER]
  if (!(value >= 1 && value < 2 ** 31)) throw new UsageError(`takes a time such as 7d, 12h, 30m or 90s, not '${text}'`)
  return value
}

/** As `duration` reads it. */
export function showDuration(seconds: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((one) => seconds % LONGER[one] === 0) ?? 's'
  return `${seconds / LONGER[unit]}${unit}`
}

export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text)
    if (found === undefined) throw new UsageError(`takes one of ${words.join(', ')}, not '${text}'`)
    return found
  }
}

export function taskNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`'${text}' is not the number of a task`)
  return Number(text)
}
