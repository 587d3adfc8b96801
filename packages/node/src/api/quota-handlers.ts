/** Quota of the users and groups inside a VPS. */

import { listQuota, setGrace, setQuota } from '../life/quota.ts'
import type { Means } from '../means.ts'
import type { Handlers } from './handlers.ts'

export function quotaHandlers(means: Means): Pick<Handlers, 'quotaList' | 'quotaSet' | 'quotaGrace'> {
  const { inventory, tasks } = means
  return {
    quotaList: ({ params, query }) => listQuota(means, inventory.find(params.vps), query.kind),
    quotaSet: async ({ params, body }) => {
      const { id } = inventory.find(params.vps)
      // In the VPS's turn: two that count what is limited at once would both find a place.
      return tasks.exclusively(id, async () => ({ entry: await setQuota(means, inventory.find(`${id}`), body) }))
    },
    quotaGrace: async ({ params, body }) => {
      const { id } = inventory.find(params.vps)
      return tasks.exclusively(id, async () => ({ grace: await setGrace(means, inventory.find(`${id}`), body) }))
    },
  }
}
