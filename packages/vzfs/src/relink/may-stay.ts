/**
 * Which contents an area may go on having as links; null: all. What its own templates have it has from them in any case, so that says nothing of others.
 */

import type { Digests } from './digests.ts'
import type { RelinkJob } from './relink.ts'

export function mayStay({ share, layers, everyLayer }: RelinkJob, digests: Digests): ((digest: string) => boolean) | null {
  if (share === 'all') return null
  if (share === 'templates') return (digest) => digests.isInLayers(digest)
  const own = everyLayer.filter(({ tree }) => layers.includes(tree)).map(({ identity }) => identity)
  return (digest) => own.some((layer) => digests.isInLayer(digest, layer))
}
