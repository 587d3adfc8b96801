/** A stopped VPS moves to another build of its template, or to another template. */

import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { requireLegal } from './legality.ts'

/** Can be repeated after it was cut off anywhere. */
export async function rebaseVps(
  means: Means,
  id: number,
  ref: string,
  { signal, progress }: Pick<TaskContext, 'signal' | 'progress'>,
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
  await vzfs.areas.rebase(id, template.layers, { share: before.share, progress: onProgress, signal })
  const after = await inventory.change(id, { template: template.ref, layers: [...template.layers], init: template.init })
  await vzfs.areas.writeRecord(id, after)
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: ['template'] } })
  return after
}
