/** Whether what lies on a volume can belong to this node beside what it has: ids of VPSs and host ids are given once. */

import type { Vzfs } from '@insula/vzfs'
import type { VolumeBookNeed } from './book.ts'

/** In words; null: it can. */
export async function clashOf(
  { inventory, vzfs }: Pick<VolumeBookNeed, 'inventory' | 'vzfs'>,
  volume: string,
  opened: Vzfs,
): Promise<string | null> {
  const others = vzfs.volumes().flatMap((one) => (one.vzfs === null || one.name === volume ? [] : [one.vzfs]))
  const elsewhere = (await Promise.all(others.map((one) => one.areas.list()))).flat()
  const known = inventory.all()
  for (const { id, base } of await opened.areas.list()) {
    // The same id with the same host ids is the VPS itself, which was being moved.
    const other = known.find((vps) => (vps.id === id) !== (vps.base === base))
    if (other !== undefined)
      return `a private area lies there of VPS ${id} with host ids from ${base}, and VPS "${other.name}" has ${other.id === id ? 'that id' : 'those host ids'}`
    if (elsewhere.some((area) => (area.id === id) !== (area.base === base)))
      return `a private area lies there of VPS ${id} with host ids from ${base}, which another private area of this node has`
  }
  return null
}
