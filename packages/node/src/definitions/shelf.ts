/** The definitions of a node: the shipped ones, and the provider's own, which go before shipped ones of the same name. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Definition } from '@insula/contract'
import { isDefinitionName } from './definition-name.ts'
import { TEMPLATE_FILE } from './definition-files.ts'
import { DefinitionInvalid } from './fault.ts'
import { type LoadedDefinition, loadDefinition, type NodeKeys } from './load.ts'

export type Origin = 'shipped' | 'provider'

export interface ListedDefinition {
  readonly name: string
  readonly origin: Origin
  /** It stands in for a shipped one of the same name. */
  readonly overrides: boolean
  readonly directory: string
  /** null: it is not valid. */
  readonly kind: Definition['kind'] | null
  readonly description: string
  /** Why it is not valid. */
  readonly fault: string | null
}

export interface Definitions {
  /** By name. */
  list(): Promise<ListedDefinition[]>
  /** null when there is none of that name. @throws DefinitionInvalid */
  find(name: string): Promise<LoadedDefinition | null>
  /** As `find`, of any directory. @throws DefinitionInvalid */
  read(directory: string): Promise<LoadedDefinition>
  /** Where the provider's own are. */
  readonly own: string
}

export interface DefinitionPlaces {
  readonly shipped: string
  readonly own: string
}

export function openDefinitions({ shipped, own }: DefinitionPlaces): Definitions {
  const places: readonly (readonly [Origin, string])[] = [
    ['provider', own],
    ['shipped', shipped],
  ]
  const directoriesOf = (name: string): { origin: Origin; directory: string }[] =>
    isDefinitionName(name)
      ? places
          .map(([origin, parent]) => ({ origin, directory: join(parent, name) }))
          .filter(({ directory }) => existsSync(join(directory, TEMPLATE_FILE)))
      : []
  /** What overrides a shipped definition may extend it under the same name. */
  const base = (name: string, notIn: string): string | null =>
    directoriesOf(name).find(({ directory }) => directory !== notIn)?.directory ?? null

  const load = (name: string, directory: string, keys: NodeKeys = 'needed'): Promise<LoadedDefinition> =>
    loadDefinition(name, directory, base, keys)

  return {
    own,
    async list() {
      const names = new Set((await Promise.all(places.map(([, parent]) => namesIn(parent)))).flat())
      return Promise.all(
        [...names].toSorted().flatMap((name) => {
          const [first, second] = directoriesOf(name)
          return first === undefined
            ? []
            : [describe(name, first, second !== undefined, (...what) => load(...what, 'may be missing'))]
        }),
      )
    },
    async find(name) {
      const [first] = directoriesOf(name)
      return first === undefined ? null : load(name, first.directory)
    },
    read: (directory) => load(directory.split('/').findLast((part) => part !== '') ?? '', directory),
  }
}

async function describe(
  name: string,
  { origin, directory }: { readonly origin: Origin; readonly directory: string },
  overrides: boolean,
  load: (name: string, directory: string) => Promise<LoadedDefinition>,
): Promise<ListedDefinition> {
  const about = { name, origin, directory, overrides }
  try {
    const { kind, description } = (await load(name, directory)).definition
    return { ...about, kind, description, fault: null }
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error
    return { ...about, kind: null, description: '', fault: error.message }
  }
}

async function namesIn(parent: string): Promise<string[]> {
  try {
    const entries = await readdir(parent, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory() && isDefinitionName(entry.name)).map(({ name }) => name)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw error
  }
}
