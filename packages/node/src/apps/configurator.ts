/** Whoever boots a VPS whose apps wait for that: they are configured, in a task of its own. */

import type { Means } from '../means.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { configureApps, untilBooted, waits } from './configure.ts'

export const CONFIGURE = 'app.configure'

export function openConfigurator(means: Means): Disposable {
  const onError = (error: unknown): void => means.log('apps could not be configured', error)
  const listening = means.events.listen((event) => {
    if (event.kind === 'vps.state' && event.data.to === 'running') begin(means, event.vps ?? 0).catch(onError)
  })
  for (const { id } of means.inventory.all()) begin(means, id).catch(onError)
  return listening
}

async function begin(means: Means, id: number): Promise<void> {
  const vps = means.inventory.get(id)
  if (vps?.state !== 'running' || !waits(vps) || means.configuring.has(id)) return
  means.configuring.add(id)
  const spec = {
    kind: CONFIGURE,
    subject: vps.name,
    // Not one of the VPS's own tasks: until it has booted, others have their turn.
    params: { vps: id },
    doing: `cannot configure apps of VPS "${vps.name}"`,
    cancellable: true,
  }
  try {
    await means.tasks.start(spec, (context) => configureOnBoot(means, id, context))
  } catch (error) {
    means.configuring.delete(id)
    throw error
  }
}

/** Also of a task that the end of an earlier daemon cut off. */
export async function configureOnBoot(means: Means, id: number, context: TaskContext): Promise<unknown> {
  const { inventory, tasks, configuring } = means
  configuring.add(id)
  const since = inventory.get(id)?.startedAt
  try {
    if (inventory.get(id)?.state !== 'running') return null
    await untilBooted(means, id, context)
    await tasks.exclusively(id, () => configureApps(means, id, context))
    return { apps: inventory.get(id)?.apps.map(({ ref, state, problem }) => ({ ref, state, problem })) ?? [] }
  } finally {
    configuring.delete(id)
    // It was booted anew meanwhile.
    const now = inventory.get(id)
    if (now?.state === 'running' && now.startedAt !== since) await begin(means, id)
  }
}
