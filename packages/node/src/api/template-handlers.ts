/** Templates: what there is, building and removing. */

import type { TaskAnswer, templateRoutes } from '@insula/contract'
import { diffPackages } from '@insula/templates'
import { collectAfterwards } from '../care/check.ts'
import { failure } from '../failures.ts'
import { requireNoSnapshot } from '../life/snapshot.ts'
import type { Means } from '../means.ts'
import { presentTemplate } from '../present.ts'
import type { TaskContext, TaskSpec } from '../tasks/engine.ts'
import type { ShelvedTemplate } from '../template-shelf.ts'
import type { VpsRecord } from '../record.ts'
import type { Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'

type TemplateRoute = keyof typeof templateRoutes

export function templateHandlers(means: Means, run: RunTask): Pick<Handlers, TemplateRoute> {
  const { inventory, tasks, templates, apps } = means
  const building = new Map<string, number | null>()
  const template = async (ref: string) => {
    const found = await templates.find(ref)
    if (found) return found
    const app = (await apps.list()).findLast(({ name }) => name === ref)
    throw failure(
      'not_found',
      `there is no OS template "${ref}"${app ? `; it is an app, whose versions are removed by name and version: ${app.ref}` : ''}`,
      app ? 'see `insula app list`' : 'see `insula template list`',
    )
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
    make: (work: TaskContext) => Promise<unknown>,
  ): Promise<TaskAnswer> => {
    building.set(name, null)
    const task = await tasks
      .start(spec, async (work) => {
        try {
          return await make(work)
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
  /** @param built null: nothing was made, as what there is will do */
  const kept = async (name: string, built: ShelvedTemplate | null, { log }: TaskContext) => {
    if (built === null) {
      const latest = await template(name)
      log(`its packages and its definition are those of ${latest.ref}; nothing was kept`)
      return { ...presentTemplate(latest, await templates.list(), inventory.all()), changed: false }
    }
    log(`${built.ref} is built: ${built.files} files`)
    means.events.emit({ kind: 'template.built', vps: null, data: { ref: built.ref } })
    return { ...presentTemplate(built, await templates.list(), inventory.all()), changed: true }
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
      const all = await templates.definitions()
      const known = all.map((definition) => definition.name)
      const isApp = all.find((definition) => definition.name === name)?.kind === 'app'
      if (!known.includes(name))
        throw failure(
          'template_unknown',
          `cannot build template "${name}": it has no definition`,
          `there are ${known.join(', ')}`,
        )
      const doing = `cannot build template "${name}"`
      requireAlone(name, doing)
      const spec = { kind: 'template.build', subject: name, params: body, doing, cancellable: true }
      return alone(name, spec, query, async (work) => {
        const mirror = body.mirror ?? means.config.mirror
        work.log(`packages come from ${mirror ?? "the node's own apt sources"}`)
        const options = { mirror, signal: work.signal, log: work.log, onProgress: stepsOf(work) }
        if (isApp) {
          const app = await apps.build(name, { ...options, mirror: body.mirror })
          means.events.emit({ kind: 'template.built', vps: null, data: { ref: app.ref } })
          return { app: app.ref }
        }
        const built = body.ifChanged === true ? await templates.update(name, options) : await templates.build(name, options)
        return kept(name, built, work)
      })
    },
    templateImport: async ({ query, body }) => {
      const { name, file } = body
      const doing = `cannot import template "${name}"`
      requireAlone(name, doing)
      const spec = { kind: 'template.import', subject: name, params: body, doing, cancellable: true }
      return alone(name, spec, query, async (work) => {
        const options = { signal: work.signal, log: work.log, onProgress: stepsOf(work) }
        return kept(name, await templates.import(name, file, options), work)
      })
    },
    templateRemove: async ({ params, query }) => {
      const app = (await apps.list()).find((one) => one.ref === params.template)
      if (app) {
        requireUnusedApp(app.ref, inventory.all())
        return run({ kind: 'template.remove', subject: app.ref, doing: `cannot remove app ${app.ref}` }, query, async () => {
          // A VPS may have got it meanwhile.
          requireUnusedApp(app.ref, inventory.all())
          await apps.remove(app.ref)
          means.events.emit({ kind: 'template.removed', vps: null, data: { ref: app.ref } })
          await collectAfterwards(means)
        })
      }
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
    templateManifest: async ({ params }) => {
      const { ref, name, description, definition, builtAt, sources, packages } = await template(params.template)
      const shown = sources.map(({ address, suites }) => ({ address, suites: [...suites] }))
      return { manifest: { ref, name, description, definition, builtAt, sources: shown, packages: [...packages] } }
    },
    templateSbom: async ({ params }) => (await templates.sbom((await template(params.template)).ref)) ?? {},
    templateDiff: async ({ params, query }) => {
      const [from, to] = [await template(params.template), await template(query.to)]
      const packages = diffPackages(from.packages, to.packages)
      return { diff: { from: from.ref, to: to.ref, definition: from.definition !== to.definition, packages } }
    },
    definitionNew: async ({ body }) => {
      const { directory, files } = await templates.scaffold(body)
      return { directory, files: [...files] }
    },
    definitionLint: async ({ body }) => {
      const linted = await templates.lint(body)
      if (linted === null)
        throw failure('template_unknown', `there is no definition "${body.name}"`, 'see `insula template list --available`')
      return { directory: linted.directory, faults: [...linted.faults] }
    },
    templateDefinitions: async () => {
      const built = new Set([...(await templates.list()), ...(await apps.list())].map(({ name }) => name))
      return {
        definitions: (await templates.definitions()).map(({ fault, description, ...one }) => ({
          ...one,
          description: fault ?? description,
          valid: fault === null,
          built: built.has(one.name),
        })),
      }
    },
  }
}

function requireUnusedApp(ref: string, all: readonly VpsRecord[]): void {
  const users = all.filter(({ apps }) => apps.some((app) => app.ref === ref)).map(({ name }) => name)
  if (users.length === 0) return
  throw failure(
    'conflict',
    `cannot remove app ${ref}: ${users.length === 1 ? 'a VPS has' : `${users.length} VPSs have`} it (${users.slice(0, 5).join(', ')}${users.length > 5 ? ', ...' : ''})`,
    'upgrade it there, or remove it there first: insula app remove',
  )
}
