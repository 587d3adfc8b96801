/** Which VPSs a command on many is for. */

import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { HandlerInput } from './handlers.ts'

/** @throws ApiFailure not_found */
export function selected({ all, find }: Means['inventory'], select: HandlerInput<'appAdd'>['body']['select']): VpsRecord[] {
  if (select.vps) return [...new Map(select.vps.map((ref) => find(ref)).map((vps) => [vps.id, vps])).values()]
  const { template, app } = select
  return all().filter(
    (vps) =>
      select.all === true ||
      (template !== undefined && (vps.template === template || vps.template.split('@')[0] === template)) ||
      (app !== undefined && vps.apps.some(({ ref, name }) => ref === app || name === app)),
  )
}
