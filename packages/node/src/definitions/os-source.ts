/** A definition as what an OS template is built from. */

import type { TemplateSource } from '@insula/templates'
import { failure } from '../failures.ts'
import type { LoadedDefinition } from './load.ts'

/** @throws ApiFailure when there is none, or it is of an application template */
export function osSource(found: LoadedDefinition | null, name: string): TemplateSource {
  if (found === null)
    throw failure('template_unknown', `there is no definition of a template "${name}"`, 'see `insula template list --available`')
  const { definition, contents } = found
  if (definition.kind === 'app')
    throw failure(
      'unsupported',
      `"${name}" is an application template`,
      'OS templates are built; see `insula template list --available`',
    )
  return { name: found.name, definition, contents }
}
