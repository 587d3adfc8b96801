/** A YAML file as a value that knows its lines. No aliases: a definition needs none, and a few of them can fill the memory. */

import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { DefinitionInvalid, type Fault } from './fault.ts'

export type Path = readonly (string | number)[]

/** As people write it: "install.packages[3]". */
export const keyOf = (path: Path): string =>
  path
    .map((step, at) =>
      typeof step === 'number' ? `[${step}]` : /^[\w-]+$/.test(step) ? `${at === 0 ? '' : '.'}${step}` : `["${step}"]`,
    )
    .join('')

export interface YamlFile {
  readonly file: string
  readonly value: unknown
  /** The line of what the path leads to, or of the deepest thing on the way to it. */
  lineOf(path: Path): number | null
  has(path: Path): boolean
}

/** A list of lists of lists is read by calls in calls. */
const DEEPEST = 40

/** @throws DefinitionInvalid */
export function parseYaml(file: string, text: string): YamlFile {
  const fail = (message: string, line: number | null, remedy = 'see docs/templates.md'): never => {
    throw new DefinitionInvalid([{ file, line, key: '', message, remedy }])
  }
  requireShallow(text, (line) => fail(`it is nested more than ${DEEPEST} deep`, line))
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    version: '1.2',
    merge: false,
  })
  const lineAt = (offset: number | undefined): number | null => (offset === undefined ? null : lines.linePos(offset).line)
  const faults = document.errors.map(({ message, pos }): Fault => ({
    file,
    line: lineAt(pos[0]),
    key: '',
    message: `it is not YAML: ${message}`,
    remedy: 'a value with ": " or " #" in it needs quotes; lists and maps are indented by spaces, not tabs',
  }))
  if (faults.length > 0) throw new DefinitionInvalid(faults)
  visit(document, {
    Alias: (_, node) => fail('it has an alias (*name)', lineAt(node.range?.[0]), 'write out what the alias stands for'),
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value === '__proto__') fail('it has a key __proto__', lineAt(key.range?.[0]), 'leave it out')
    },
    Node: (_, node) => {
      if (node.tag !== undefined && node.tag.startsWith('!'))
        fail(`it has a tag (${node.tag})`, lineAt(node.range?.[0]), 'leave the tag out')
    },
  })
  const deepest = (path: Path): { readonly offset: number | undefined; readonly whole: boolean } => {
    let node: unknown = document.contents
    let offset = (document.contents as Node | null)?.range?.[0]
    for (const step of path) {
      const next: unknown = isMap(node)
        ? node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
        : isSeq(node)
          ? node.items[Number(step)]
          : undefined
      if (next === undefined) return { offset, whole: false }
      const named = isPair(next) ? next : null
      offset = ((named === null ? next : named.key) as Node).range?.[0] ?? offset
      node = named === null ? next : named.value
    }
    return { offset, whole: true }
  }
  return {
    file,
    value: document.toJS({ maxAliasCount: 0 }) as unknown,
    lineOf: (path) => lineAt(deepest(path).offset),
    has: (path) => deepest(path).whole,
  }
}

/** Before it is parsed: no line may be indented, nor brackets be open, so deep. */
function requireShallow(text: string, fail: (line: number) => never): void {
  text.split('\n').forEach((line, at) => {
    const open = line.replaceAll(/[^[{\]}]/g, '').length
    const dashes = /^(?:\s*[-?:]\s)*/.exec(line)?.[0].replaceAll(/\s/g, '').length ?? 0
    if (open > DEEPEST * 2 || dashes > DEEPEST) fail(at + 1)
  })
}
