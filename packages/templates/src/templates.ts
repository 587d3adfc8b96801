/** The template versions that exist on a volume. */

import { type LayerInfo, type Vzfs, VzfsError } from '@insula/vzfs'
import { TemplateFailed } from './failure.ts'
import { templateOf } from './manifest.ts'
import { compareReferences, parseReference } from './reference.ts'
import type { Template } from './template.ts'

type LayersOf = Pick<Vzfs, 'layers'>

/** By name, older versions first. */
export async function listTemplates({ layers }: LayersOf): Promise<Template[]> {
  const found: Template[] = []
  for (const layer of sortByReference(await layers.list())) {
    const template = templateOf(layer, await layers.manifest(layer.name))
    if (template !== null) found.push(template)
  }
  return found
}

/** @param ref "debian-12@2026-11-23.1", or "debian-12" for its latest version; null when there is none */
export async function showTemplate(vzfs: LayersOf, ref: string): Promise<Template | null> {
  const templates = await listTemplates(vzfs)
  return templates.findLast((template) => template.ref === ref || template.name === ref) ?? null
}

/** As `showTemplate`. @throws TemplateFailed unknown_template */
export async function resolveTemplate(vzfs: LayersOf, ref: string): Promise<Template> {
  const template = await showTemplate(vzfs, ref)
  if (template !== null) return template
  const [name = ref] = ref.split('@')
  throw new TemplateFailed(
    'unknown_template',
    `there is no template ${ref} on this node`,
    `build it with: insula template build ${name}`,
  )
}

/** Only by its full reference. @throws LayerInUse; TemplateFailed unknown_template */
export async function removeTemplate({ layers }: LayersOf, ref: string): Promise<void> {
  const unknown = (cause?: unknown): TemplateFailed =>
    new TemplateFailed('unknown_template', `there is no template version ${ref} on this node`, 'see: insula template list', {
      cause,
    })
  if (parseReference(ref) === null) throw unknown()
  try {
    await layers.remove(ref)
  } catch (error) {
    throw error instanceof VzfsError && error.code === 'layer_unknown' ? unknown(error) : error
  }
}

function sortByReference(layers: readonly LayerInfo[]): LayerInfo[] {
  return layers
    .flatMap((layer) => {
      const reference = parseReference(layer.name)
      return reference === null ? [] : [{ layer, reference }]
    })
    .sort((a, b) => compareReferences(a.reference, b.reference))
    .map(({ layer }) => layer)
}
