/** Values of an app's parameters: what is given, what was given before, defaults, secrets that are made. Pure but for chance. */

import { randomInt } from 'node:crypto'
import type { AppParameter } from '../app.ts'

export type Values = Readonly<Record<string, string>>

export interface Chosen {
  /** All of them, secrets too. */
  readonly values: Values
  /** Those that are not secret: to be written down. */
  readonly kept: Values
  /** Those that were made now: to be shown once. */
  readonly made: Values
}

export class BadParameter extends Error {
  override readonly name = 'BadParameter'
}

const MOST = 1_000
/** No two that look alike. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/** @param before what was kept of an earlier time @throws BadParameter */
export function chooseParameters(
  parameters: Readonly<Record<string, AppParameter>>,
  given: Values,
  before: Values = {},
  { makeSecrets = true }: { readonly makeSecrets?: boolean } = {},
): Chosen {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(parameters, name))
      throw new BadParameter(`there is no parameter "${name}"; there ${wordsFor(Object.keys(parameters))}`)
  const values: Record<string, string> = {}
  const kept: Record<string, string> = {}
  const made: Record<string, string> = {}
  for (const [name, parameter] of Object.entries(parameters)) {
    const secret = parameter.type === 'secret'
    const known = given[name] ?? (secret ? undefined : before[name])
    const value = known ?? (parameter.default === undefined ? undefined : String(parameter.default))
    if (value !== undefined) {
      checkValue(name, parameter, value)
      values[name] = value
      if (!secret) kept[name] = value
    } else if (secret && parameter.generate !== undefined) {
      if (!makeSecrets) continue
      values[name] = made[name] = madeOf(parameter.generate)
    } else if (!secret || makeSecrets) throw new BadParameter(`parameter "${name}" has no value (${parameter.about})`)
  }
  return { values, kept, made }
}

function checkValue(name: string, { type, choices = [] }: AppParameter, value: string): void {
  const bad = (rule: string): never => {
    throw new BadParameter(`parameter "${name}" takes ${rule}, not ${type === 'secret' ? 'this' : JSON.stringify(value)}`)
  }
  if (value.length > MOST || /[\0\n\r]/.test(value)) bad(`at most ${MOST} characters on one line`)
  if (type === 'number' && !/^-?\d{1,15}(?:\.\d{1,9})?$/.test(value)) bad('a number')
  if (type === 'port' && !(/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535)) bad('a port, 1 to 65535')
  if (type === 'boolean' && value !== 'true' && value !== 'false') bad('true or false')
  if (type === 'path' && !/^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)+$/.test(value))
    bad('an absolute path of letters, digits and . _ @ + -')
  if (type === 'choice' && !choices.includes(value)) bad(`one of ${choices.join(', ')}`)
  if (type === 'secret' && !/^[\x21-\x7e]{8,200}$/.test(value)) bad('8 to 200 printable characters without blanks')
}

const madeOf = (length: number): string => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')

const wordsFor = (names: readonly string[]): string => (names.length === 0 ? 'are none' : `are ${names.join(', ')}`)

/** "data-dir" is INSULA_PARAM_DATA_DIR for scripts. */
export const parameterEnv = (values: Values): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`INSULA_PARAM_${name.toUpperCase().replaceAll('-', '_')}`, value]),
  )
