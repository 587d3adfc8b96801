/** Updates: what waits, and applying them. */

import { chosen } from '../apps/targets.ts'
import type { Means } from '../means.ts'
import { runUpdates, UPDATE_KIND, type UpdateParams } from '../updates/run-updates.ts'
import { updateFor } from '../updates/waiting.ts'
import type { Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'
import { selected } from './selected.ts'

export function updateHandlers(means: Means, run: RunTask): Pick<Handlers, 'updateStatus' | 'updateApply'> {
  const { inventory, templates } = means
  return {
    updateStatus: async () => {
      const all = await templates.list()
      return {
        updates: inventory.all().flatMap((vps) => {
          const { target: _target, ...status } = updateFor(vps, all) ?? { target: null }
          return 'vps' in status ? [status] : []
        }),
      }
    },
    updateApply: async ({ body, query }) => {
      const { select, parallel, stopAfter, canary, dryRun } = body
      const targets = chosen(selected(inventory, select))
      const params: UpdateParams = { ...targets, named: select.vps !== undefined, parallel, stopAfter, canary, dryRun }
      const spec = {
        kind: UPDATE_KIND,
        subject: `${targets.vps.length} VPSs`,
        params,
        doing: 'cannot update VPSs',
        cancellable: true,
      }
      return run(spec, query, (context) => runUpdates(means, params, context))
    },
  }
}
