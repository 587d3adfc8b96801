/** What a schema has against a value, as faults with a place and a remedy. */

import type { z } from 'zod'
import type { Fault } from './fault.ts'
import { keyOf, type Path } from './yaml-file.ts'

type Issue = z.core.$ZodIssue

/** One for each place; the first thing said about it. */
export function faultsOf(error: z.ZodError, whereIs: (path: Path) => Pick<Fault, 'file' | 'line'>): Fault[] {
  const faults = error.issues
    .flatMap((issue) => flatten(issue, []))
    .map(({ issue, path }): Fault => {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
      const place = unknown === undefined ? path : [...path, unknown]
      return { ...whereIs(place), key: keyOf(place), message: messageOf(issue), remedy: remedyOf(issue) }
    })
  return [...new Map(faults.map((fault) => [`${fault.file} ${fault.key}`, fault])).values()]
}

interface Placed {
  readonly issue: Issue
  readonly path: Path
}

function flatten(issue: Issue, above: Path): Placed[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ issue: { ...issue, keys: [key] }, path }))
  if (issue.code === 'invalid_key') return [{ issue, path }]
  return [{ issue, path }]
}

function messageOf(issue: Issue): string {
  if (issue.code === 'unrecognized_keys') return 'there is no such key here'
  if (issue.code === 'invalid_key') return `this name is not one: ${issue.issues[0]?.message ?? issue.message}`
  if (issue.code === 'invalid_type' && issue.input === undefined && /received undefined/.test(issue.message))
    return 'it is missing'
  if (issue.code === 'invalid_union' && 'note' in issue) return 'it is missing, or none of the known ones'
  const wanted = wantedBy(issue)
  return wanted === null ? issue.message : `it has to be ${wanted}, and is ${shown(issue.input)}`
}

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'keys with values',
  record: 'keys with values',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
}

/** null: what the schema says is a sentence already. */
function wantedBy(issue: Issue): string | null {
  if (issue.code === 'invalid_type') return issue.message.startsWith('Invalid input') ? (TYPES[issue.expected] ?? null) : null
  if (issue.code === 'invalid_format') return issue.message.startsWith('Invalid') ? null : issue.message
  if (issue.code === 'invalid_value')
    return issue.values.length === 1 ? shown(issue.values[0]) : `one of ${issue.values.map(String).join(', ')}`
  if (issue.code !== 'too_big' && issue.code !== 'too_small') return null
  if (!/^Too (?:big|small)/.test(issue.message)) return null
  const [limit, most] = issue.code === 'too_big' ? [issue.maximum, 'at most'] : [issue.minimum, 'at least']
  const unit = { string: ' characters long', array: ' long', set: ' long', file: ' long' }[issue.origin as string] ?? ''
  return `${most} ${String(limit)}${unit}`
}

const LONGEST = 60

/** A value as it stands in the file, or nearly. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'empty'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'keys with values'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text
  return typeof value === 'string' ? `"${cut}"` : cut
}

function remedyOf(issue: Issue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return 'see docs/templates.md for the keys there are; YAML counts the spaces before a key'
    case 'invalid_type':
      return issue.expected === 'string' && typeof issue.input !== 'undefined'
        ? 'put the value in quotes'
        : 'see docs/templates.md for what belongs there'
    case 'invalid_value':
      return 'see docs/templates.md for what each of them means'
    default:
      return 'see docs/templates.md for what belongs there'
  }
}
