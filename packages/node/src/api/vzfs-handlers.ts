/** The care of the volume. Checks and collections are tasks; one of each at a time. */

import type { Task, VzfsCheck, VzfsGc } from '@insula/contract'
import { checkVolume, collectContents } from '../care/check.ts'
import { measureResidency, measureSpace } from '../care/measure.ts'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { TaskContext } from '../tasks/engine.ts'
import type { Handlers } from './handlers.ts'

type Names = 'vzfsDf' | 'vzfsResidency' | 'vzfsCheck' | 'vzfsGc'

export function vzfsHandlers(means: Means): Pick<Handlers, Names> {
  const { tasks, instance } = means
  const underWay = new Set<string>()
  const one = async (
    kind: string,
    doing: string,
    params: VzfsCheck | VzfsGc,
    wait: number | undefined,
    body: (context: TaskContext) => Promise<unknown>,
  ): Promise<{ task: Task }> => {
    if (underWay.has(kind)) throw failure('busy', `${doing}: another task does it`, 'see `insula task list`')
    underWay.add(kind)
    const spec = { kind, subject: instance.name, params, doing, cancellable: true }
    const task = await tasks
      .start(spec, (context) => body(context).finally(() => underWay.delete(kind)))
      .catch((error: unknown) => {
        underWay.delete(kind)
        throw error
      })
    return { task: wait === undefined ? task : await tasks.wait(task.id, wait * 1_000) }
  }
  return {
    vzfsDf: () => measureSpace(means),
    vzfsResidency: ({ query }) => measureResidency(means, query),
    vzfsCheck: ({ query, body }) =>
      one('vzfs.check', 'cannot check the volume', body, query.wait, (context) => checkVolume(means, body, context)),
    vzfsGc: ({ query, body }) =>
      one('vzfs.gc', 'cannot collect contents', body, query.wait, (context) => collectContents(means, body, context)),
  }
}
