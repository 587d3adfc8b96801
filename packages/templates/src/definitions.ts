/** Every template that can be built. */

import { hash } from 'node:crypto'
import { debian } from './definitions/debian.ts'
import { micro } from './definitions/micro.ts'
import type { TemplateDefinition } from './template.ts'

export const definitions: readonly TemplateDefinition[] = [debian('12', 'bookworm'), debian('13', 'trixie'), micro]

export function findDefinition(name: string): TemplateDefinition | null {
  return definitions.find((definition) => definition.name === name) ?? null
}

/** SHA-256 over everything that a definition says: equal digests build equal systems, but for the packages' versions. */
export const definitionDigest = (definition: TemplateDefinition): string => hash('sha256', JSON.stringify(definition))
