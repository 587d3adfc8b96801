/** The app versions that exist on a volume. */

import type { Vzfs } from '@insula/vzfs'
import { compareReferences, parseReference } from '../reference.ts'
import type { App } from './app.ts'
import { appOf } from './manifest.ts'

/** By name, older versions first. */
export async function listApps({ layers }: Pick<Vzfs, 'layers'>): Promise<App[]> {
  const found = await Promise.all(
    (await layers.list()).map(async (layer) =>
      parseReference(layer.name) === null ? null : appOf(layer, await layers.manifest(layer.name)),
    ),
  )
  return found.filter((app) => app !== null).toSorted((a, b) => order(a.ref, b.ref))
}

function order(a: string, b: string): number {
  const [first, second] = [parseReference(a), parseReference(b)]
  return first === null || second === null ? 0 : compareReferences(first, second)
}
