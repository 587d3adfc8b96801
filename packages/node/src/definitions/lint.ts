/** Everything that is wrong with one definition. */

import { DefinitionInvalid, type Fault } from './fault.ts'
import type { Definitions } from './shelf.ts'

export interface Linted {
  readonly directory: string
  readonly faults: readonly Fault[]
}

export interface LintWish {
  readonly name?: string | undefined
  readonly directory?: string | undefined
}

/** null when there is none of that name. */
export async function lint(definitions: Definitions, { name, directory }: LintWish): Promise<Linted | null> {
  const place = directory ?? (await definitions.list()).find((one) => one.name === name)?.directory
  if (place === undefined) return null
  try {
    await definitions.read(place)
    return { directory: place, faults: [] }
  } catch (error) {
    if (!(error instanceof DefinitionInvalid)) throw error
    return { directory: place, faults: error.faults }
  }
}
