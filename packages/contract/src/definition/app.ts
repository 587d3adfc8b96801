/** The definition of an application template: template.yaml with `kind: app`. */

import { z } from 'zod'
import { TemplateName } from '../scalars.ts'
import { TemplateFile, onlyOnTheHost } from './os.ts'
import { AptRepository, DnfRepository } from './repositories.ts'
import { Script } from './scripts.ts'
import { Fit, InnerPath, Packages } from './words.ts'

export const PARAMETER_TYPES = ['text', 'number', 'port', 'boolean', 'path', 'choice', 'secret'] as const

export const Parameter = z
  .strictObject({
    type: z.enum(PARAMETER_TYPES),
    about: z.string().min(1).max(200),
    default: z.union([z.string().max(1000), z.number(), z.boolean()]).optional(),
    choices: z.array(z.string().max(100)).min(1).max(50).optional().describe('Of a choice'),
    generate: z
      .int()
      .min(12)
      .max(64)
      .optional()
      .describe('Of a secret: so many characters, made when none is given, and shown once'),
  })
  .superRefine((parameter, context) => {
    const fault = faultOf(parameter)
    if (fault !== null) context.addIssue({ code: 'custom', message: fault.message, path: [fault.key] })
  })
  .meta({ id: 'TemplateParameter' })
export type Parameter = z.infer<typeof Parameter>

const byOs = <T extends z.ZodType>(value: T) =>
  z.record(Fit, value).describe('By OS template or family; what names the template goes before what names its family')

const PackagesByOs = byOs(Packages.min(1))
const RepositoriesByOs = byOs(
  z.strictObject({
    apt: z.array(AptRepository).max(20).default([]),
    dnf: z.array(DnfRepository).max(20).default([]),
  }),
)

/** One line of versions, where repositories offer several: PostgreSQL 15 and 16. What it states takes the place of the app's own. */
const Line = z.strictObject({
  packages: PackagesByOs.optional(),
  repositories: RepositoriesByOs.optional(),
})

export const AppDefinition = z
  .strictObject({
    kind: z.literal('app'),
    description: z.string().min(1).max(200),
    fits: z.array(Fit).min(1).max(100).describe('OS templates by name or family'),
    needs: z.array(TemplateName).max(50).default([]).describe('Other application templates, which are added before'),
    packages: PackagesByOs.refine((packages) => Object.keys(packages).length > 0, {
      error: 'name the packages of at least one system',
    }),
    repositories: RepositoriesByOs.default({}),
    lines: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9.-]{0,30}$/), Line)
      .default({})
      .describe('Lines of versions to choose from: {"15": ..., "16": ...}'),
    line: z.string().optional().describe('The line that is taken when none is asked for'),
    mainPackage: byOs(z.string().max(150))
      .default({})
      .describe('The package whose version people call the version of the application'),
    parameters: z
      .record(z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, { error: 'a name such as "data-dir"' }), Parameter)
      .default({})
      .describe('Scripts and the health check get them in the environment: data-dir is INSULA_PARAM_DATA_DIR'),
    files: z.record(InnerPath, TemplateFile).default({}),
    scripts: z.array(Script).max(100).default([]).superRefine(onlyOnTheHost),
    health: z
      .strictObject({
        command: z.array(z.string().max(4096)).min(1).max(100).describe('Runs inside; 0 is well'),
        attempts: z.int().min(1).max(100).default(10),
        everySeconds: z.number().min(0.1).max(60).default(1),
        seconds: z.int().min(1).max(600).default(10).describe('It is killed after so long'),
      })
      .optional(),
  })
  .superRefine((app, context) => {
    const add = (message: string, ...path: (string | number)[]): void => context.addIssue({ code: 'custom', message, path })
    if (app.line !== undefined && !Object.hasOwn(app.lines, app.line))
      add(`there is no line "${app.line}" in lines: ${Object.keys(app.lines).join(', ') || 'it is empty'}`, 'line')
    if (app.line === undefined && Object.keys(app.lines).length > 0)
      add('say which of the lines is taken when none is asked for', 'line')
  })
  .meta({ id: 'AppDefinition' })
export type AppDefinition = z.infer<typeof AppDefinition>

function faultOf({
  type,
  default: given,
  choices,
  generate,
}: z.infer<typeof Parameter>): { message: string; key: string } | null {
  if ((type === 'choice') !== (choices !== undefined))
    return { message: type === 'choice' ? 'a choice needs choices' : 'only a choice has choices', key: 'choices' }
  if (generate !== undefined && type !== 'secret') return { message: 'only a secret can be generated', key: 'generate' }
  if (given === undefined) return null
  if (type === 'secret') return { message: 'a secret has no default: everybody would know it; use generate', key: 'default' }
  const wanted = type === 'number' || type === 'port' ? 'number' : type === 'boolean' ? 'boolean' : 'string'
  if (typeof given !== wanted) return { message: `the default of a ${type} is a ${wanted}`, key: 'default' }
  if (type === 'port' && !(Number.isInteger(given) && Number(given) >= 1 && Number(given) <= 65_535))
    return { message: 'a port is a whole number from 1 to 65535', key: 'default' }
  if (type === 'path' && !InnerPath.safeParse(given).success)
    return { message: 'an absolute path inside the VPS', key: 'default' }
  if (type === 'choice' && !(choices ?? []).includes(String(given)))
    return { message: 'it is none of the choices', key: 'default' }
  return null
}
