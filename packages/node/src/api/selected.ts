/** Which VPSs a command on many is for. */

import { hasLabels } from '@insula/contract'
import type { Means } from '../means.ts'
import { isWorkshop } from '../life/workshop.ts'
import type { VpsRecord } from '../record.ts'
import type { HandlerInput } from './handlers.ts'

type Select = HandlerInput<'appAdd'>['body']['select']

/** @throws ApiFailure not_found */
export function selected({ all, find }: Means['inventory'], select: Select): VpsRecord[] {
  if (select.vps) return [...new Map(select.vps.map((ref) => find(ref)).map((vps) => [vps.id, vps])).values()]
  return all().filter((vps) => !isWorkshop(vps) && has(vps, select))
}

/** All that is asked for; nothing: every VPS has it. */
export function has(
  vps: VpsRecord,
  { template, app, plan, labels }: Pick<Select, 'template' | 'app' | 'plan' | 'labels'>,
): boolean {
  return (
    (template === undefined || vps.template === template || vps.template.split('@')[0] === template) &&
    (app === undefined || vps.apps.some(({ ref, name }) => ref === app || name === app)) &&
    (plan === undefined || vps.plan === plan) &&
    hasLabels(vps.labels, labels ?? [])
  )
}
