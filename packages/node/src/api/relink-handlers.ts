/** Relink, and the move to another template. */

import type { Vps } from '@insula/contract'
import { failure } from '../failures.ts'
import { requireLegal } from '../life/legality.ts'
import { rebaseVps } from '../life/rebase.ts'
import { relinkAll } from '../life/relink.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'
import { selected } from './selected.ts'

export function relinkHandlers(
  means: Means,
  run: RunTask,
  shown: (record: VpsRecord) => Vps,
): Pick<Handlers, 'vzfsRelink' | 'vpsRebase'> {
  const { inventory, tasks, templates } = means
  return {
    vzfsRelink: async ({ query, body }) => {
      const targets = selected(inventory, body)
      const subject = body.all === true ? 'all' : targets.map(({ name }) => name).join(', ')
      const spec = { kind: 'vzfs.relink', subject, params: body, doing: 'cannot relink', cancellable: true }
      return run(spec, query, (context) => relinkAll(means, targets, context))
    },
    vpsRebase: async ({ params, query, body }) => {
      const vps = inventory.find(params.vps)
      if (!tasks.busy(vps.id)) requireLegal('rebase', vps, params.vps)
      const doing = `cannot rebase VPS "${vps.name}"`
      const template = await templates.find(body.template)
      if (!template)
        throw failure('template_unknown', `${doing}: there is no template "${body.template}"`, 'see `insula template list`')
      if (template.ref === vps.template)
        throw failure('conflict', `${doing}: ${template.ref} is what it consists of`, 'see `insula template list` for others')
      const spec = {
        kind: 'vps.rebase',
        vps: vps.id,
        subject: vps.name,
        params: { template: template.ref },
        doing,
        cancellable: true,
      }
      return run(spec, query, async (context) => shown(await rebaseVps(means, vps.id, template.ref, context)))
    },
  }
}
