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
    init: z.string().describe('"systemd", "busybox", ...'),
    files: z.int(),
    bytes: z.int(),
    builtAt: Moment,
    latest: z.boolean().describe('The version that its name means'),
    usedBy: z.array(z.int()).describe('Ids of VPSs'),
  })
  .meta({ id: 'Template' })
export type Template = z.infer<typeof Template>

export const TemplateDefinition = z
  .object({ name: z.string(), description: z.string(), built: z.boolean() })
  .meta({ id: 'TemplateDefinition' })
export type TemplateDefinition = z.infer<typeof TemplateDefinition>

export const TemplateBuild = z
  .strictObject({
    name: TemplateName,
    mirror: z
      .url({ protocol: /^https?$/, error: 'an address such as http://mirror.example/debian' })
      .max(300)
      .optional()
      .describe("Package mirror; the host's own settings when absent"),
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
