/** Files of a VPS, as if they were mounted on the fake node. */

import type { VpsMount, VpsMounted } from '@insula/contract'

export function mountedFiles(vps: number, name: string, { write = false, followLinks = false }: VpsMount): VpsMounted {
  const path = `/run/insula/insula/mounts/${vps}`
  return { vps, name, path, write, followLinks, since: '2026-01-02T03:04:05.000Z' }
}
