/**
 * Reads the arguments of one command without a library: a command that is well formed starts 8 ms sooner. What it does not
 * understand at once it refuses (null), and commander, which knows how to explain, reads the same words. A property test holds the
 * two to the same answer.
 */

import type { AnyCommand, ArgumentSpec, OptionSpec } from './command.ts'

export interface Scanned {
  readonly args: readonly string[]
  /** By long name; a switch is a boolean, an option that may be given several times a list. */
  readonly options: Readonly<Record<string, string | boolean | readonly string[]>>
}

type Options = Readonly<Record<string, OptionSpec>>
type Arguments = AnyCommand['arguments']

export function scan(specs: Arguments, options: Options, words: readonly string[]): Scanned | null {
  const read = readWords(specs, options, words)
  const args = [...read.positionals, ...read.rest]
  if (!read.understood || !rightCount(Object.values(specs), args.length)) return null
  const values: Record<string, string | boolean | string[]> = {}
  for (const { name, spec, value } of read.found) {
    if (spec.many) values[name] = [...((values[name] as string[] | undefined) ?? []), value as string]
    else values[name] = value
  }
  const complete = Object.entries(options).every(([name, spec]) => !spec.required || Object.hasOwn(values, name))
  return complete ? { args, options: values } : null
}

export interface Words {
  readonly found: readonly Given[]
  /** The options as they were written, with their values. */
  readonly optionWords: readonly string[]
  readonly positionals: readonly string[]
  /** What belongs to a `rest` argument. */
  readonly rest: readonly string[]
  /** false: there is an option that is none of these, or that lacks its value. */
  readonly understood: boolean
}

interface Given {
  readonly name: string
  readonly spec: OptionSpec
  readonly value: string | boolean
}

export function readWords(specs: Arguments, options: Options, words: readonly string[]): Words {
  const restFrom = Object.values(specs).findIndex((spec) => spec.rest)
  const found: Given[] = []
  const optionWords: string[] = []
  const positionals: string[] = []
  let rest: readonly string[] = []
  let understood = true
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--') {
      const after = words.slice(at + 1)
      const missing = restFrom === -1 ? after.length : restFrom - positionals.length
      positionals.push(...after.slice(0, missing))
      rest = after.slice(missing)
      // `exec -- web -- ls`: the second -- ends options as well.
      if (missing > 0 && rest[0] === '--') rest = rest.slice(1)
      break
    }
    if (!isOption(word)) {
      if (positionals.length === restFrom) {
        rest = words.slice(at)
        break
      }
      positionals.push(word)
      continue
    }
    const given = word.startsWith('--') ? longOption(options, word) : shortOptions(options, word)
    optionWords.push(word)
    const last = given?.at(-1)
    if (given === null || last === undefined) {
      understood = false
      continue
    }
    found.push(...given.filter((one): one is Given => one.value !== null))
    if (last.value !== null) continue
    const value = words[at + 1]
    if (value === undefined || isOption(value)) {
      understood = false
      continue
    }
    at++
    optionWords.push(value)
    found.push({ ...last, value })
  }
  return { found, optionWords, positionals, rest, understood }
}

/** "-" alone is a word. */
function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-')
}

/** value null: the next word. */
type Wanted = Omit<Given, 'value'> & { readonly value: string | boolean | null }

function longOption(options: Options, word: string): Wanted[] | null {
  const equals = word.indexOf('=')
  const name = word.slice(2, equals === -1 ? undefined : equals)
  const value = equals === -1 ? null : word.slice(equals + 1)
  if (Object.hasOwn(options, name)) {
    const spec = options[name] as OptionSpec
    if (spec.value !== undefined) return [{ name, spec, value }]
    return value === null ? [{ name, spec, value: true }] : null
  }
  const positive = name.startsWith('no-') ? name.slice(3) : ''
  const spec = Object.hasOwn(options, positive) ? options[positive] : undefined
  return spec?.negatable && value === null ? [{ name: positive, spec, value: false }] : null
}

/** `-t`, `-tu USER`, `-uUSER` */
function shortOptions(options: Options, word: string): Wanted[] | null {
  const all: Wanted[] = []
  for (let at = 1; at < word.length; at++) {
    const letter = word[at]
    const found = Object.entries(options).find(([, spec]) => spec.short === letter || spec.shortOff === letter)
    if (found === undefined) return null
    const [name, spec] = found
    if (spec.value === undefined) {
      all.push({ name, spec, value: spec.short === letter })
      continue
    }
    all.push({ name, spec, value: at + 1 < word.length ? word.slice(at + 1) : null })
    break
  }
  return all
}

function rightCount(specs: readonly ArgumentSpec[], count: number): boolean {
  const required = specs.filter((spec) => !spec.optional).length
  const open = specs.some((spec) => spec.many || spec.rest)
  return count >= required && (open || count <= specs.length)
}
