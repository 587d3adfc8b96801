/** What waits for a VPS: a later version of its OS template, with packages that are others there. */

import type { UpdateStatus } from '@insula/contract'
import { updatesBetween } from '@insula/templates'
import type { VpsRecord } from '../record.ts'
import type { ShelvedTemplate } from '../template-shelf.ts'

export interface Waiting extends UpdateStatus {
  readonly target: ShelvedTemplate
}

/** null when nothing is known of its template, or of another one by that name. @param templates oldest first within a name */
export function updateFor(vps: VpsRecord, templates: readonly ShelvedTemplate[]): Waiting | null {
  const created = templates.find(({ ref }) => ref === vps.template)
  const target = templates.findLast(({ name }) => name === created?.name)
  if (!created || !target) return null
  // The version that it was updated to may be gone, since nothing of it is needed any more.
  const has = templates.find(({ ref }) => ref === vps.updatedTo) ?? created
  return {
    vps: vps.id,
    name: vps.name,
    policy: vps.updates,
    at: vps.updatedTo ?? vps.template,
    latest: target.ref,
    packages: vps.updatedTo === target.ref ? 0 : updatesBetween(has, target).length,
    target,
  }
}
