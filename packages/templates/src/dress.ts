/** What a definition adds to an installed tree, and what it takes away. */

import { ConfinedTree } from './confined-tree.ts'
import type { TemplateSource } from './template.ts'

/** Files and links. */
export async function dress(
  path: string,
  { definition, contents }: Pick<TemplateSource, 'definition' | 'contents'>,
): Promise<void> {
  const tree = await ConfinedTree.open(path)
  for (const [place, { contents: text, from, mode }] of Object.entries(definition.files)) {
    const bytes = from === undefined ? text : contents[from]
    if (bytes === undefined) throw new Error(`the contents of ${place} (${from ?? 'none'}) were not read`)
    await tree.write(place, bytes, Number.parseInt(mode, 8))
  }
  for (const [place, target] of Object.entries(definition.links)) await tree.link(place, target)
}

/** At the very end. */
export async function removeWhatGoes(path: string, { definition }: Pick<TemplateSource, 'definition'>): Promise<void> {
  if (definition.remove.length === 0) return
  const tree = await ConfinedTree.open(path)
  for (const place of definition.remove) await tree.remove(place)
}
