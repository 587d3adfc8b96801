/** What a definition says of a system of RPM packages. */

import type { Install } from '@insula/contract'
import { keyBytes } from '../keys.ts'
import type { TemplateSource } from '../template.ts'
import type { RpmRecipe } from './recipe.ts'

/** @throws TemplateFailed when a key is missing */
export async function rpmRecipe(source: TemplateSource, how: Extract<Install, { with: 'dnf' }>): Promise<RpmRecipe> {
  const repositories = await Promise.all(
    how.repositories.map(async (one) => ({ ...one, keys: await Promise.all(one.keys.map((key) => keyBytes(source, key))) })),
  )
  return { ...how, release: source.definition.release, repositories }
}
