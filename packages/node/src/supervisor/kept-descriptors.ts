/** What children gave into our keeping, by the child's name and then by the descriptor's. */

import { closeSync } from 'node:fs'
import { DESCRIPTOR_NAME, type Notification } from '@insula/kernel'

export interface KeptDescriptors {
  /** Takes over or closes every descriptor of the message. */
  accept(child: string | null, message: Notification): void
  of(child: string): ReadonlyMap<string, number>
}

export function keepDescriptors(): KeptDescriptors {
  const kept = new Map<string, Map<string, number>>()
  const drop = (child: string, name: string): void => {
    const fd = kept.get(child)?.get(name)
    if (fd === undefined) return
    kept.get(child)?.delete(name)
    closeSync(fd)
  }
  return {
    accept(child, { fields, descriptors }) {
      const name = fields.get('FDNAME') ?? ''
      const [fd, ...others] = descriptors
      const valid = child !== null && DESCRIPTOR_NAME.test(name)
      if (valid && fields.get('FDSTOREREMOVE') === '1') drop(child, name)
      const stores = valid && fd !== undefined && fields.get('FDSTORE') === '1'
      if (stores) {
        drop(child, name)
        kept.set(child, (kept.get(child) ?? new Map<string, number>()).set(name, fd))
      }
      for (const unwanted of stores ? others : descriptors) closeSync(unwanted)
    },
    of: (child) => kept.get(child) ?? new Map<string, number>(),
  }
}
