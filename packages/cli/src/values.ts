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
