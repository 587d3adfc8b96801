/** VPSs of the fake node: which are listed, and what a change makes of one. */

import { type Vps, hasLabels } from '@insula/contract'

export function listed(all: Iterable<Vps>, { state, plan, labels }: Record<string, unknown>): Vps[] {
  return [...all].filter(
    (vps) =>
      (state === undefined || vps.state === state) &&
      (plan === undefined || vps.plan === plan) &&
      hasLabels(vps.labels, typeof labels === 'string' ? labels.split(',') : []),
  )
}

export function changed(vps: Vps, change: Record<string, unknown>): Vps {
  const { limits, labels, ...rest } = change as { limits?: object; labels?: Record<string, string | null> }
  const after = Object.entries({ ...vps.labels, ...labels })
  return {
    ...vps,
    ...rest,
    limits: { ...vps.limits, ...limits },
    labels: Object.fromEntries(after.filter((entry): entry is [string, string] => entry[1] !== null)),
  }
}
