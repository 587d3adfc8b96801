/** OS templates: what is built and what can be built. */

import { z } from 'zod'
import { Moment, TemplateName } from './scalars.ts'

export const Template = z
  .object({
    name: z.string().describe('"debian-12"'),
    version: z.string().describe('"2026-11-23.1"'),
    ref: z.string().describe('"debian-12@2026-11-23.1"'),
    definition: z.string().describe('Digest of the definition it was built from'),
    distribution: z.string(),
    release: z.string(),
    architecture: z.string(),
    family: z.string().describe('What application templates ask for: "debian", "rhel"'),
    packageManager: z.enum(['apt', 'dnf', 'none']).describe('What installs packages inside'),
    init: z.string().describe('"systemd", "sysvinit", "openrc", "busybox"'),
    packages: z.int().describe('How many it has'),
    files: z.int(),
    bytes: z.int(),
    builtAt: Moment,
    latest: z.boolean().describe('The version that its name means'),
    usedBy: z.array(z.int()).describe('Ids of VPSs'),
  })
  .meta({ id: 'Template' })
export type Template = z.infer<typeof Template>

export const TemplateDefinition = z
  .object({
    name: z.string(),
    kind: z.enum(['os', 'app']).nullable().describe('null: it is not valid'),
    description: z.string().describe('Why it is not valid, if it is not'),
    built: z.boolean(),
    valid: z.boolean(),
    origin: z.enum(['shipped', 'provider']).describe("Whether it came with Insula or is the provider's own"),
    overrides: z.boolean().describe('It stands in for a shipped one of the same name'),
    directory: z.string(),
  })
  .meta({ id: 'TemplateDefinition' })
export type TemplateDefinition = z.infer<typeof TemplateDefinition>

const Package = z.object({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  sha256: z.string().optional().describe("Of the package's file, where it is known"),
})

/** What a template version consists of. */
export const TemplateManifest = z
  .object({
    ref: z.string(),
    name: z.string(),
    description: z.string(),
    definition: z.string(),
    builtAt: Moment,
    sources: z.array(z.object({ address: z.string(), suites: z.array(z.string()) })).describe('Where its packages came from'),
    packages: z.array(Package),
  })
  .meta({ id: 'TemplateManifest' })
export type TemplateManifest = z.infer<typeof TemplateManifest>

export const TemplateDiff = z
  .object({
    from: z.string(),
    to: z.string(),
    definition: z.boolean().describe('Whether their definitions differ'),
    packages: z.array(
      z.object({
        name: z.string(),
        architecture: z.string(),
        from: z.string().nullable().describe('null: it was not there'),
        to: z.string().nullable().describe('null: it is not there any more'),
      }),
    ),
  })
  .meta({ id: 'TemplateDiff' })
export type TemplateDiff = z.infer<typeof TemplateDiff>

export const DefinitionNew = z
  .strictObject({
    name: TemplateName,
    kind: z.enum(['os', 'app']).optional().describe('os when absent'),
    from: TemplateName.optional().describe('A definition of which it will state the differences'),
  })
  .meta({ id: 'DefinitionNew' })
export type DefinitionNew = z.infer<typeof DefinitionNew>

export const DefinitionLint = z
  .strictObject({
    name: TemplateName.optional(),
    directory: z.string().startsWith('/').max(1000).optional().describe('On the node'),
  })
  .refine(({ name, directory }) => (name === undefined) !== (directory === undefined), { error: 'give either name or directory' })
  .meta({ id: 'DefinitionLint' })
export type DefinitionLint = z.infer<typeof DefinitionLint>

export const DefinitionFindings = z
  .object({
    directory: z.string(),
    faults: z.array(
      z.object({
        file: z.string(),
        line: z.int().nullable(),
        key: z.string(),
        message: z.string(),
        remedy: z.string(),
      }),
    ),
  })
  .meta({ id: 'DefinitionFindings' })
export type DefinitionFindings = z.infer<typeof DefinitionFindings>

export const TemplateBuild = z
  .strictObject({
    name: TemplateName,
    mirror: z
      .url({ protocol: /^https?$/, error: 'an address such as http://mirror.example/debian' })
      .max(300)
      .optional()
      .describe("Package mirror; the host's own settings when absent"),
    ifChanged: z
      .boolean()
      .optional()
      .describe('Nothing is kept when its packages and its definition are those of the latest version'),
  })
  .meta({ id: 'TemplateBuild' })
export type TemplateBuild = z.infer<typeof TemplateBuild>

export const TemplateImport = z
  .strictObject({
    name: TemplateName,
    file: z
      .string()
      .startsWith('/', { error: 'an absolute path' })
      .max(4096)
      .describe('On the node: a tar archive of a root file system, plain or compressed'),
  })
  .meta({ id: 'TemplateImport' })
export type TemplateImport = z.infer<typeof TemplateImport>
