/** Apps: what there is, and adding, upgrading and removing them in many VPSs. */

import type { App as ShownApp, TaskAnswer } from '@insula/contract'
import type { App } from '@insula/templates'
import { findApp } from '../apps/app-of.ts'
import { APP_KINDS, type ManyParams, runOnMany } from '../apps/run-on-many.ts'
import { chosen } from '../apps/targets.ts'
import { isWorkshop } from '../life/workshop.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { HandlerInput, Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'
import { selected } from './selected.ts'

type AppRoute = 'appList' | 'appShow' | 'appAdd' | 'appUpgrade' | 'appRemove' | 'templateUsage' | 'taskSecrets'

export function appHandlers(means: Means, run: RunTask): Pick<Handlers, AppRoute> {
  const { inventory, apps, templates, tasks, secrets } = means
  const many = async (
    deed: 'add' | 'upgrade' | 'remove',
    { body, query }: Pick<HandlerInput<'appAdd'> | HandlerInput<'appUpgrade'> | HandlerInput<'appRemove'>, 'body' | 'query'>,
  ): Promise<TaskAnswer> => {
    const targets = selected(inventory, body.select)
    const { parallel, stopAfter, canary, dryRun } = body
    const app = deed === 'remove' ? null : await findApp(means, body.app)
    // Its versions may be gone, and VPSs have it all the same.
    if (deed === 'remove' && !inventory.all().some((vps) => vps.apps.some(({ name }) => name === body.app)))
      await findApp(means, body.app)
    const given = 'parameters' in body ? body.parameters : {}
    const isSecret = ([name]: readonly [string, string]): boolean => app?.parameters[name]?.type === 'secret'
    const params: ManyParams = {
      app: app?.ref ?? body.app,
      ...chosen(targets),
      parameters: Object.fromEntries(Object.entries(given).filter((entry) => !isSecret(entry))),
      purge: 'purge' in body && body.purge,
      parallel,
      stopAfter,
      canary,
      dryRun,
    }
    const kind = Object.keys(APP_KINDS).find((one) => APP_KINDS[one] === deed) ?? ''
    const spec = { kind, subject: params.app, params, doing: `cannot ${deed} app ${params.app}`, cancellable: true }
    return run(spec, query, (context) =>
      runOnMany(means, deed, params, context, Object.fromEntries(Object.entries(given).filter(isSecret))),
    )
  }
  return {
    appList: async () => {
      const all = await apps.list()
      return { apps: all.map((app) => presentApp(app, all, inventory.all())) }
    },
    appShow: async ({ params }) => {
      const app = await findApp(means, params.app)
      return { app: presentApp(app, await apps.list(), inventory.all()) }
    },
    appAdd: (input) => many('add', input),
    appUpgrade: (input) => many('upgrade', input),
    appRemove: (input) => many('remove', input),
    templateUsage: async () => {
      const all = inventory.all().filter((vps) => !isWorkshop(vps))
      const named = (users: readonly VpsRecord[]) => users.map(({ id, name }) => ({ id, name }))
      const latest = (list: readonly { readonly name: string; readonly ref: string }[], ref: string, name: string): boolean =>
        list.findLast((one) => one.name === name)?.ref === ref
      const [systems, versions] = [await templates.list(), await apps.list()]
      return {
        usage: [
          ...systems.map(({ ref, name }) => ({
            ref,
            kind: 'os' as const,
            latest: latest(systems, ref, name),
            vps: named(all.filter(({ template }) => template === ref)),
          })),
          ...versions.map(({ ref, name }) => ({
            ref,
            kind: 'app' as const,
            latest: latest(versions, ref, name),
            vps: named(all.filter((vps) => vps.apps.some((app) => app.ref === ref))),
          })),
        ],
      }
    },
    taskSecrets: async ({ params }) => {
      await tasks.show(params.task)
      return { secrets: secrets.take(params.task) }
    },
  }
}

function presentApp(app: App, all: readonly App[], vpss: readonly VpsRecord[]): ShownApp {
  const { name, version, ref, description, application, needs, bytes, builtAt } = app
  return {
    name,
    version,
    ref,
    description,
    application,
    needs: [...needs],
    parameters: Object.fromEntries(
      Object.entries(app.parameters).map(([key, { type, about, default: given }]) => [
        key,
        { type, about, default: given === undefined ? null : String(given), secret: type === 'secret' },
      ]),
    ),
    systems: app.systems.map(({ os, packages, wanted }) => ({
      os,
      version: wanted[0]?.version ?? null,
      packages: packages.length,
      bytes: packages.reduce((sum, { size }) => sum + size, 0),
    })),
    bytes,
    builtAt,
    latest: all.findLast((one) => one.name === name)?.ref === ref,
    usedBy: vpss.filter((vps) => vps.apps.some((one) => one.ref === ref)).map(({ id }) => id),
  }
}
