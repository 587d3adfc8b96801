/** Routes of templates, and of the definitions that they are built from. */

import { z } from 'zod'
import { endpoints } from './endpoints.ts'
import { TemplateRef, Wait } from './scalars.ts'
import { TaskAnswer } from './task.ts'
import {
  DefinitionFindings,
  DefinitionLint,
  DefinitionNew,
  Template,
  TemplateBuild,
  TemplateDefinition,
  TemplateDiff,
  TemplateImport,
  TemplateManifest,
} from './template.ts'

const ofTemplate = z.strictObject({ template: TemplateRef })
const task = { response: TaskAnswer, status: 202 } as const

export const templateRoutes = {
  templateList: {
    ...endpoints.templateList,
    summary: 'All versions of all templates',
    response: z.object({ templates: z.array(Template) }),
    status: 200,
    errors: [],
  },
  templateShow: {
    ...endpoints.templateShow,
    summary: 'One version of a template; a name means its latest',
    params: ofTemplate,
    response: z.object({ template: Template }),
    status: 200,
    errors: ['not_found'],
  },
  templateBuild: {
    ...endpoints.templateBuild,
    summary: 'Build a new version of a template from its definition',
    query: Wait,
    body: TemplateBuild,
    ...task,
    errors: ['template_unknown', 'busy', 'no_space', 'unsupported', 'cancelled'],
  },
  templateImport: {
    ...endpoints.templateImport,
    summary: 'Make a version of a template from an archive on the node',
    query: Wait,
    body: TemplateImport,
    ...task,
    errors: ['conflict', 'busy', 'no_space', 'unsupported', 'cancelled'],
  },
  templateRemove: {
    ...endpoints.templateRemove,
    summary: 'Remove a version that no VPS uses',
    params: ofTemplate,
    query: Wait,
    ...task,
    errors: ['not_found', 'conflict', 'busy'],
  },
  templateDefinitions: {
    ...endpoints.templateDefinitions,
    summary: 'What can be built',
    response: z.object({ definitions: z.array(TemplateDefinition) }),
    status: 200,
    errors: [],
  },
  templateManifest: {
    ...endpoints.templateManifest,
    summary: 'What a version of a template consists of: every package',
    params: ofTemplate,
    response: z.object({ manifest: TemplateManifest }),
    status: 200,
    errors: ['not_found'],
  },
  templateSbom: {
    ...endpoints.templateSbom,
    summary: 'A version of a template as a bill of materials, CycloneDX 1.5',
    params: ofTemplate,
    response: z.record(z.string(), z.unknown()),
    status: 200,
    errors: ['not_found'],
  },
  templateDiff: {
    ...endpoints.templateDiff,
    summary: 'Packages that differ between two versions',
    params: ofTemplate,
    query: z.strictObject({ to: TemplateRef.describe('The other version') }),
    response: z.object({ diff: TemplateDiff }),
    status: 200,
    errors: ['not_found'],
  },
  definitionNew: {
    ...endpoints.definitionNew,
    summary: "Begin a definition of the provider's own",
    body: DefinitionNew,
    response: z.object({ directory: z.string(), files: z.array(z.string()) }),
    status: 200,
    errors: ['conflict', 'template_unknown', 'no_space'],
  },
  definitionLint: {
    ...endpoints.definitionLint,
    summary: 'What is wrong with a definition',
    body: DefinitionLint,
    response: DefinitionFindings,
    status: 200,
    errors: ['template_unknown'],
  },
} as const
