/** A stopped VPS moves to another build of its template, or to another template. */

import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { stackInstall } from '../apps/stack-install.ts'
import { stackBelow, withStack } from '../stacks/stacks.ts'
import { requireLegal } from './legality.ts'

/** Can be repeated after it was cut off anywhere. */
export async function rebaseVps(
  means: Means,
  id: number,
  ref: string,
  { signal, progress, log }: Pick<TaskContext, 'signal' | 'progress' | 'log'>,
): Promise<VpsRecord> {
  const { inventory, vzfs, templates, events } = means
  const before = inventory.get(id)
  requireLegal('rebase', before, id)
  await means.mounted.requireNone(id, `cannot rebase VPS "${before.name}"`)
  const template = await templates.find(ref)
  if (!template)
    throw failure(
      'template_unknown',
      `cannot rebase VPS "${before.name}": there is no template "${ref}"`,
      'see `insula template list`',
    )
  const onProgress = (done: number, total: number): void => progress('reading', done, total)
  // What it has of apps in a shared layer it has on the new template too.
  const apps = (await stackBelow(vzfs, before.layers))?.apps ?? []
  const install = stackInstall(means, template.ref, { signal, progress, log })
  const after = await withStack(means, { template, apps }, install, { signal, log }, async (layers, came) => {
    await vzfs.areas.rebase(id, layers, { share: before.share, progress: onProgress, signal })
    return inventory.change(id, {
      template: template.ref,
      updatedTo: null,
      layers: [...layers],
      init: template.init,
      apps: before.apps.map((one) => ({ ...one, came: [...(one.how === 'layer' ? (came[one.ref] ?? one.came) : one.came)] })),
    })
  })
  await vzfs.areas.writeRecord(id, after)
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: ['template'] } })
  return after
}
