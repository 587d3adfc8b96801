/** Templates: what there is, building and removing. */

import type { TaskAnswer } from '@insula/contract'
import { collectAfterwards } from '../care/check.ts'
import { failure } from '../failures.ts'
import { requireNoSnapshot } from '../life/snapshot.ts'
import type { Means } from '../means.ts'
import { presentTemplate } from '../present.ts'
import type { TaskContext, TaskSpec } from '../tasks/engine.ts'
import type { ShelvedTemplate } from '../template-shelf.ts'
import type { Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'

type TemplateRoute =
  | 'templateList'
  | 'templateShow'
  | 'templateBuild'
  | 'templateImport'
  | 'templateRemove'
  | 'templateDefinitions'

export function templateHandlers(means: Means, run: RunTask): Pick<Handlers, TemplateRoute> {
  const { inventory, tasks, templates } = means
  const building = new Map<string, number | null>()
  const template = async (ref: string) => {
    const found = await templates.find(ref)
    if (found) return found
    throw failure('not_found', `there is no template "${ref}"`, 'see `insula template list`')
  }

  const requireAlone = (name: string, doing: string): void => {
    const other = building.get(name)
    if (other === undefined) return
    throw failure(
      'busy',
      `${doing}: ${other === null ? 'another task' : `task ${other}`} is building it`,
      other === null ? 'see `insula task list`' : `wait for it: insula task show ${other} --wait`,
    )
  }
  /** One version of a name at a time. */
  const alone = async (
    name: string,
    spec: TaskSpec,
    query: { readonly wait?: number | undefined },
    make: (work: TaskContext) => Promise<ShelvedTemplate>,
  ): Promise<TaskAnswer> => {
    building.set(name, null)
    const task = await tasks
      .start(spec, async (work) => {
        try {
          const built = await make(work)
          work.log(`${built.ref} is built: ${built.files} files`)
          means.events.emit({ kind: 'template.built', vps: null, data: { ref: built.ref } })
          return presentTemplate(built, await templates.list(), inventory.all())
        } finally {
          building.delete(name)
        }
      })
      .catch((error: unknown) => {
        building.delete(name)
        throw error
      })
    if (building.has(name)) building.set(name, task.id)
    return { task: query.wait === undefined ? task : await tasks.wait(task.id, query.wait * 1_000) }
  }
  /** Each step is logged once. */
  const stepsOf = ({ log, progress }: TaskContext): TaskContext['progress'] => {
    let step = ''
    return (now, ...far) => {
      if (now !== step) log((step = now))
      progress(now, ...far)
    }
  }

  return {
    templateList: async () => {
      const all = await templates.list()
      return { templates: all.map((one) => presentTemplate(one, all, inventory.all())) }
    },
    templateShow: async ({ params }) => {
      const [one, all] = [await template(params.template), await templates.list()]
      return { template: presentTemplate(one, all, inventory.all()) }
    },
    templateBuild: async ({ query, body }) => {
      const { name } = body
      const known = templates.definitions().map((definition) => definition.name)
      if (!known.includes(name))
        throw failure(
          'template_unknown',
          `cannot build template "${name}": it has no definition`,
          `there are ${known.join(', ')}`,
        )
      requireAlone(name, `cannot build template "${name}"`)
      const doing = `cannot build template "${name}"`
      return alone(
        name,
        { kind: 'template.build', subject: name, params: body, doing, cancellable: true },
        query,
        async (work) => {
          const mirror = body.mirror ?? means.config.mirror
          work.log(`packages come from ${mirror ?? "the node's own apt sources"}`)
          return templates.build(name, { mirror, signal: work.signal, onProgress: stepsOf(work) })
        },
      )
    },
    templateImport: async ({ query, body }) => {
      const { name, file } = body
      const doing = `cannot import template "${name}"`
      requireAlone(name, doing)
      return alone(name, { kind: 'template.import', subject: name, params: body, doing, cancellable: true }, query, (work) =>
        templates.import(name, file, { signal: work.signal, log: work.log, onProgress: stepsOf(work) }),
      )
    },
    templateRemove: async ({ params, query }) => {
      const { ref, layers } = await template(params.template)
      const users = inventory.all().filter((vps) => vps.layers.some((layer) => layers.includes(layer)))
      if (users.length > 0) {
        const names = users.slice(0, 5).map(({ name }) => name)
        throw failure(
          'conflict',
          `cannot remove template ${ref}: ${users.length === 1 ? 'a VPS uses' : `${users.length} VPSs use`} it (${names.join(', ')}${users.length > 5 ? ', ...' : ''})`,
          users.length === 1 ? 'destroy it first' : 'destroy them first',
        )
      }
      await requireNoSnapshot(means, ref, layers)
      const spec = { kind: 'template.remove', subject: ref, doing: `cannot remove template ${ref}` }
      return run(spec, query, async () => {
        await templates.remove(ref)
        means.events.emit({ kind: 'template.removed', vps: null, data: { ref } })
        await collectAfterwards(means)
      })
    },
    templateDefinitions: async () => {
      const built = new Set((await templates.list()).map(({ name }) => name))
      return {
        definitions: templates.definitions().map(({ name, description }) => ({ name, description, built: built.has(name) })),
      }
    },
  }
}
