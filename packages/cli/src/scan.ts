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

export function scan(command: Pick<AnyCommand, 'arguments'>, options: Options, words: readonly string[]): Scanned | null {
  const [head, rest] = splitRest(command, options, words)
  const args: string[] = []
  const values: Record<string, string | boolean | string[]> = {}
  for (let at = 0; at < head.length; at++) {
    const word = head[at] as string
    if (word === '--') {
      args.push(...head.slice(at + 1))
      break
    }
    if (!isOption(word)) {
      args.push(word)
      continue
    }
    const found = findOption(options, word)
    if (found === null) return null
    const { name, spec, value: given } = found
    if (spec.value === undefined) {
      values[name] = found.on
      continue
    }
    const value = given ?? head[++at]
    if (value === undefined || (given === null && isOption(value))) return null
    if (spec.many) values[name] = [...((values[name] as string[] | undefined) ?? []), value]
    else values[name] = value
  }
  args.push(...rest)
  const complete =
    rightCount(Object.values(command.arguments), args.length) &&
    Object.entries(options).every(([name, spec]) => !spec.required || Object.hasOwn(values, name))
  return complete ? { args, options: values } : null
}

/** Where a command takes the rest as it stands: the words up to it, and the rest. */
export function splitRest(
  command: Pick<AnyCommand, 'arguments'>,
  options: Options,
  words: readonly string[],
): [head: readonly string[], rest: readonly string[]] {
  const before = Object.values(command.arguments).findIndex((argument) => argument.rest)
  if (before === -1) return [words, []]
  let positionals = 0
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--') {
      const after = words.slice(at + 1)
      const head = [...words.slice(0, at), ...after.slice(0, before - positionals)]
      const rest = after.slice(before - positionals)
      // `exec -- web -- ls`: the second -- only ends options that there are none of.
      return [head, positionals < before && rest[0] === '--' ? rest.slice(1) : rest]
    }
    if (isOption(word)) {
      const found = findOption(options, word)
      if (found?.spec.value !== undefined && found.value === null) at++
      continue
    }
    if (positionals === before) return [words.slice(0, at), words.slice(at)]
    positionals++
  }
  return [words, []]
}

/** "-" alone is a word. */
function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith('-')
}

interface Found {
  readonly name: string
  readonly spec: OptionSpec
  readonly on: boolean
  /** null: the next word. */
  readonly value: string | null
}

function findOption(options: Options, word: string): Found | null {
  if (!word.startsWith('--')) {
    if (word.length !== 2) return null
    const found = Object.entries(options).find(([, spec]) => spec.short === word[1] || spec.shortOff === word[1])
    return found === undefined ? null : { name: found[0], spec: found[1], on: found[1].short === word[1], value: null }
  }
  const equals = word.indexOf('=')
  const name = word.slice(2, equals === -1 ? undefined : equals)
  const value = equals === -1 ? null : word.slice(equals + 1)
  if (Object.hasOwn(options, name)) {
    const spec = options[name] as OptionSpec
    return spec.value === undefined && value !== null ? null : { name, spec, on: true, value }
  }
  const positive = name.startsWith('no-') ? name.slice(3) : ''
  if (value !== null || !Object.hasOwn(options, positive)) return null
  const spec = options[positive] as OptionSpec
  return spec.negatable ? { name: positive, spec, on: false, value: null } : null
}

function rightCount(specs: readonly ArgumentSpec[], count: number): boolean {
  const required = specs.filter((spec) => !spec.optional).length
  const open = specs.some((spec) => spec.many || spec.rest)
  return count >= required && (open || count <= specs.length)
}
