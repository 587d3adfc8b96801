/**
 * What a template.yaml says. Such files are published as a JSON schema (tests/golden/template.schema.json), so that editors can help with
 * them; what a schema cannot say is checked besides.
 */

import { z } from 'zod'
import { AppDefinition } from './definition/app.ts'
import { OsDefinition } from './definition/os.ts'
import { TemplateName } from './scalars.ts'

export const Definition = z.discriminatedUnion('kind', [OsDefinition, AppDefinition])
export type Definition = z.infer<typeof Definition>

/** What a file may say besides: that it states only what differs from another definition. */
const Extends = TemplateName.optional().describe(
  'Another definition, of which this one states only the differences: maps are merged, everything else replaces, null removes',
)

export const EXTENDS = 'extends'

interface Kind {
  readonly properties: Readonly<Record<string, unknown>>
  readonly required: readonly string[]
}

export function templateSchema(): Record<string, unknown> {
  const options = { io: 'input', target: 'draft-2020-12' } as const
  const whole = z.toJSONSchema(Definition, options) as { $defs: Record<string, Kind> }
  for (const name of ['OsDefinition', 'AppDefinition']) {
    const kind = whole.$defs[name]
    if (kind === undefined) throw new Error(`the schema of template.yaml has no ${name}`)
    const { $schema: _, ...named } = z.toJSONSchema(Extends, options)
    Object.assign(kind, {
      properties: { ...kind.properties, [EXTENDS]: named },
      required: ['kind'],
      if: { not: { required: [EXTENDS] } },
      // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON schema
      then: { required: kind.required },
    })
  }
  return {
    ...whole,
    title: 'template.yaml of Insula',
    description:
      'The definition of an OS template or an application template. With `extends`, only what differs has to be there.',
  }
}

export { AppDefinition, type Parameter } from './definition/app.ts'
export { INITS, OsDefinition, type Install, type TemplateFile } from './definition/os.ts'
export type { AptRepository, DnfRepository } from './definition/repositories.ts'
export { HOST_ONLY, OS_PHASES, type Phase, PHASES, type Script } from './definition/scripts.ts'
export { ARCHITECTURES } from './definition/words.ts'
