/** A template as the pretended node has it. */

import { ApiFailure, type DefinitionFindings, type Template, type TemplateDefinition, type TemplateDiff } from '@insula/contract'

const EPOCH = '2026-01-02T03:04:05.000Z'

export function fakeTemplate(name: string): Template {
  return {
    name,
    version: '2026-01-01.1',
    ref: `${name}@2026-01-01.1`,
    definition: 'sha256:0',
    distribution: 'debian',
    release: 'bookworm',
    architecture: 'x86_64',
    family: 'debian',
    packageManager: 'apt',
    init: name === 'micro' ? 'busybox' : 'systemd',
    packages: 120,
    files: 9321,
    bytes: 300_000_000,
    builtAt: EPOCH,
    latest: true,
    usedBy: [],
  }
}

export const fakeDefinition = (one: Pick<TemplateDefinition, 'name' | 'description' | 'built'>): TemplateDefinition => ({
  ...one,
  kind: 'os',
  valid: true,
  origin: 'shipped',
  overrides: false,
  directory: `/usr/share/insula/${one.name}`,
})

export const fakeDiff = (from: string, to: string): TemplateDiff => ({
  from,
  to,
  definition: from !== to,
  packages: from === to ? [] : [{ name: 'openssl', architecture: 'amd64', from: '3.0.1', to: null }],
})

export const fakeLint = ({ name }: { readonly name?: unknown }): DefinitionFindings => ({
  directory: '/x',
  faults:
    name === 'fine'
      ? []
      : [{ file: '/x/template.yaml', line: 3, key: 'init.kind', message: 'it is missing', remedy: 'see the docs' }],
})

export function templateIn(state: { readonly templates: readonly Template[] }, ref: string): Template {
  const found = state.templates.find((one) => one.ref === ref || one.name === ref)
  if (found === undefined) throw new ApiFailure({ code: 'template_unknown', message: `there is no template '${ref}'` })
  return found
}
