/** Reads one definition: its template.yaml, what that extends, and the files that it names. */

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Definition } from '@insula/contract'
import { readOwnFile, MOST_YAML, TEMPLATE_FILE } from './definition-files.ts'
import { DefinitionInvalid, type Fault } from './fault.ts'
import { isMap, merge } from './merge.ts'
import { filesOf, type NamedFile } from './named-files.ts'
import { keyOf, type Path, parseYaml, type YamlFile } from './yaml-file.ts'
import { faultsOf } from './zod-faults.ts'

export interface LoadedDefinition {
  readonly name: string
  readonly directory: string
  readonly definition: Definition
  /** What the definition names, by the name that it gives: own files, and keys of the node by their path. */
  readonly contents: Readonly<Record<string, Buffer>>
}

/** Directories of definitions that `extends` may name: the first one that has it. */
export type FindDirectory = (name: string, notIn: string) => string | null

const MOST_EXTENDS = 5

/** Whether keys that lie on the node, not beside the definition, have to be there: for a build, not for a list of what there is. */
export type NodeKeys = 'needed' | 'may be missing'

/** @throws DefinitionInvalid */
export async function loadDefinition(
  name: string,
  directory: string,
  find: FindDirectory,
  nodeKeys: NodeKeys,
): Promise<LoadedDefinition> {
  const chain = await readChain(directory, find)
  const { extends: _, ...own } = chain
    .toReversed()
    .reduce<Record<string, unknown>>((base, { yaml }) => merge(base, yaml.value) as Record<string, unknown>, {})
  const parsed = Definition.safeParse(own, { reportInput: true })
  if (!parsed.success) throw new DefinitionInvalid(faultsOf(parsed.error, (path) => whereIs(path, chain)))
  const named = filesOf(parsed.data)
  const contents = await readAll(nodeKeys === 'needed' ? named : named.filter((one) => !isOfNode(one)), chain)
  return { name, directory, definition: parsed.data, contents }
}

interface Link {
  readonly directory: string
  readonly yaml: YamlFile
}

/** The definition itself, what it extends, and so on. */
type Chain = readonly [Link, ...Link[]]

async function readChain(directory: string, find: FindDirectory): Promise<Chain> {
  const chain: Link[] = []
  for (let next: string | null = directory; next !== null;) {
    const yaml = await readYaml(next)
    const link: Link = { directory: next, yaml }
    const fail = (message: string, remedy: string): never => {
      throw new DefinitionInvalid([{ file: yaml.file, line: yaml.lineOf(['extends']), key: 'extends', message, remedy }])
    }
    if (chain.some((other) => other.directory === next))
      return fail('definitions extend each other in a circle', 'end the circle')
    chain.push(link)
    if (chain.length > MOST_EXTENDS)
      return fail(`more than ${MOST_EXTENDS} definitions extend each other`, 'write out what is needed')
    const base = (yaml.value as Record<string, unknown>)['extends']
    if (base === undefined) break
    if (typeof base !== 'string') return fail('it has to be the name of a definition', 'as in "extends: debian-13"')
    next = find(base, next) ?? fail(`there is no definition "${base}"`, 'see `insula template list --available`')
  }
  const [own, ...bases] = chain
  if (own === undefined) throw new Error(`nothing was read in ${directory}`)
  return [own, ...bases]
}

async function readYaml(directory: string): Promise<YamlFile> {
  const file = join(directory, TEMPLATE_FILE)
  const fail = (message: string, remedy: string): never => {
    throw new DefinitionInvalid([{ file, line: null, key: '', message, remedy }])
  }
  const bytes = await readOwnFile({ directory, name: TEMPLATE_FILE, most: MOST_YAML })
  if (bytes === null) return fail('it is not there', 'make one with: insula template new NAME')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return fail('it is not text in UTF-8', 'save it as UTF-8')
  }
  const yaml = parseYaml(file, text)
  return isMap(yaml.value) ? yaml : fail('it is no map of keys and values', 'see docs/templates.md')
}

/** The file that says what the path leads to; the first one when none does. */
function whereIs(path: Path, chain: Chain): Pick<Fault, 'file' | 'line'> {
  const { yaml } = chain.find((link) => link.yaml.has(path)) ?? chain[0]
  return { file: yaml.file, line: yaml.lineOf(path) }
}

/** Whoever may change it may change everything. */
const isOfNode = ({ name }: Pick<NamedFile, 'name'>): boolean => name.startsWith('/')

const keyRemedy = (name: string): string =>
  name.startsWith('/usr/share/distribution-gpg-keys/')
    ? "install it: it is in Debian 13's package distribution-gpg-keys"
    : 'put the key there, got from its owner by a way that you trust'

async function readAll(named: readonly NamedFile[], chain: Chain): Promise<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {}
  const faults: Fault[] = []
  for (const { name, path, kind } of named) {
    const fault = (message: string, remedy: string): void =>
      void faults.push({ ...whereIs(path, chain), key: keyOf(path), message, remedy })
    if (isOfNode({ name })) {
      if (
        await access(name).then(
          () => false,
          () => true,
        )
      )
        fault(`there is no ${name} on this node`, keyRemedy(name))
      continue
    }
    const bytes = found[name] ?? (await readFirst(name, chain))
    if (bytes === null) fault(`there is no file ${name} beside ${TEMPLATE_FILE}`, `put it into ${chain[0].directory}`)
    else if (kind === 'script' && !bytes.subarray(0, 2).equals(Buffer.from('#!')))
      fault(`${name} does not say what runs it`, 'begin it with a line such as "#!/bin/sh"')
    else found[name] = bytes
  }
  if (faults.length > 0) throw new DefinitionInvalid(faults)
  return found
}

/** A definition's own file goes before one of the same name that it inherits. */
async function readFirst(name: string, chain: Chain): Promise<Buffer | null> {
  for (const { directory } of chain) {
    const bytes = await readOwnFile({ directory, name })
    if (bytes !== null) return bytes
  }
  return null
}
