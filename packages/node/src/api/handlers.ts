/** One handler for each route of the contract; the types of both ends come from there. */

import type { z } from 'zod'
import { type RouteName, type routes, type Task, type TaskAnswer, openApiDocument, type Vps } from '@insula/contract'
import { isLegal, isTransient } from '@insula/model'
import { type Chosen, chooseApps, createWithApps, startConfigured } from '../apps/create-with-apps.ts'
import { examine } from '../doctor.ts'
import { failure } from '../failures.ts'
import { requireLegal } from '../life/legality.ts'
import { bootOf } from '../life/boot-state.ts'
import { changeVps, renameVps } from '../life/change.ts'
import { admit, uncreate } from '../life/create.ts'
import { destroyVps } from '../life/destroy.ts'
import { destroyOrphan, endOrphan, findOrphan, type Orphan, requireForce } from '../life/orphan.ts'
import { lastWords } from '../life/last-words.ts'
import { relinkAfterStop, relinkBeforeStart } from '../life/relink.ts'
import { startVps } from '../life/start.ts'
import { stopVps } from '../life/stop.ts'
import { isWorkshop } from '../life/workshop.ts'
import { resumeVps, suspendVps } from '../life/suspend.ts'
import type { Means } from '../means.ts'
import { mountHandlers } from './mount-handlers.ts'
import { nodeHealth, nodeInfo } from './node-info.ts'
import { familiesOf, type Traffic } from '../metrics/families.ts'
import { openMetrics } from '../metrics/openmetrics.ts'
import { presentVps } from '../present.ts'
import type { VpsRecord } from '../record.ts'
import { repairAreas } from '../area-repair.ts'
import { repairCopies } from '../record-copy.ts'
import { recover } from '../recover.ts'
import { reconcile } from '../reconcile.ts'
import type { VzfsBoard } from '../care/board.ts'
import type { TaskSpec } from '../tasks/engine.ts'
import type { UsageBoard } from '../usage.ts'
import { VERSION } from '../version.ts'
import { appHandlers } from './app-handlers.ts'
import { updateHandlers } from './update-handlers.ts'
import { quotaHandlers } from './quota-handlers.ts'
import { relinkHandlers } from './relink-handlers.ts'
import type { RunTask } from './run-task.ts'
import { has } from './selected.ts'
import { snapshotHandlers } from './snapshot-handlers.ts'
import { templateHandlers } from './template-handlers.ts'
import { missingVolume } from '../volumes/missing.ts'
import { presentVolumes } from '../volumes/present.ts'
import { volumeHandlers } from './volume-handlers.ts'
import { vzfsHandlers } from './vzfs-handlers.ts'

type Routes = typeof routes
type Part<Name extends RouteName, Key extends string> =
  Routes[Name] extends Record<Key, infer Schema extends z.ZodType> ? z.output<Schema> : undefined
export interface HandlerInput<Name extends RouteName> {
  readonly params: Part<Name, 'params'>
  readonly query: Part<Name, 'query'>
  readonly body: Part<Name, 'body'>
}
export type Handlers = {
  readonly [Name in RouteName]: (input: HandlerInput<Name>) => Promise<z.input<Routes[Name]['response']>>
}

export interface HandlerMeans extends Means {
  readonly usage: UsageBoard
  readonly vzfsBoard: VzfsBoard
  readonly startedAt: string
}

export function handlers(means: HandlerMeans): Handlers {
  const { inventory, tasks, keeper, usage } = means
  const shown = (record: VpsRecord): Vps =>
    presentVps(record, usage.of(record.id), usage.disk(record.id), missingVolume(means, record))
  const run: RunTask = async (spec, query, body) => {
    const task = await tasks.start(spec, body)
    return { task: await settled(task, query?.wait) }
  }
  const settled = (task: Task, wait: number | undefined): Promise<Task> =>
    wait === undefined ? Promise.resolve(task) : tasks.wait(task.id, wait * 1_000)
  /** A task on one VPS. What is not legal now is refused at once, unless another task will have changed that by then. */
  const onVps = (
    action: 'start' | 'stop' | 'restart' | 'suspend' | 'resume',
    ref: string,
    query: { readonly wait?: number | undefined } | undefined,
    body: (id: number, signal: AbortSignal) => Promise<VpsRecord>,
    params: unknown = null,
  ): Promise<TaskAnswer> => {
    const vps = inventory.find(ref)
    if (vps.waits)
      throw failure('busy', `cannot ${action} VPS "${vps.name}": something is being installed in it`, 'see `insula task list`')
    if (!tasks.busy(vps.id)) requireLegal(action, vps, ref)
    means.relinks.giveWay(vps.id)
    const spec = {
      kind: `vps.${action}`,
      vps: vps.id,
      subject: vps.name,
      params,
      doing: `cannot ${action} VPS "${vps.name}"`,
      cancellable: action === 'start',
    }
    return run(spec, query, async ({ signal }) => shown(await body(vps.id, signal)))
  }
  const ofOrphan = (action: 'stop' | 'destroy', { id }: Orphan): TaskSpec => ({
    kind: `vps.${action}`,
    vps: id,
    subject: `${id}`,
    params: { orphan: true },
    doing: `cannot ${action} VPS ${id}, which has no record`,
  })
  /** Templates that are being built now, with the number of the task. */
  return {
    nodeShow: () => nodeInfo(means),
    health: async () => nodeHealth(means),

    vpsList: async ({ query }) => {
      const chosen = inventory
        .all()
        .filter((vps) => !isWorkshop(vps))
        .filter(({ state, name }) => (query.state === undefined || state === query.state) && name.includes(query.name ?? ''))
        .filter((vps) => has(vps, { ...query, labels: query.labels?.split(',') }))
      if (query.fresh === true) await usage.look(chosen.map(({ id }) => id))
      return {
        vps: chosen
          .map(({ id }) => inventory.get(id))
          .filter((vps) => vps !== null)
          .map(shown),
      }
    },
    vpsShow: async ({ params }) => {
      const record = inventory.find(params.vps)
      const [now, disk] = await Promise.all([usage.fresh(record.id), usage.freshDisk(record.id)])
      return { vps: presentVps(record, now, disk, missingVolume(means, record)) }
    },
    vpsCreate: async ({ body, query }) => {
      let secrets: Chosen['secrets'] = {}
      const record = await admit(means, body, async (template, doing) => {
        const chosen = await chooseApps(means, body, template, doing)
        secrets = chosen.secrets
        return chosen.apps
      })
      const spec = {
        kind: 'vps.create',
        vps: record.id,
        subject: record.name,
        params: { start: body.start ?? false },
        doing: `cannot create VPS "${record.name}"`,
        cancellable: true,
      }
      return run(spec, query, async (context) => {
        const { signal, progress } = context
        if (signal.aborted) {
          await uncreate(means, record.id)
          signal.throwIfAborted()
        }
        progress('private area')
        const created = await createWithApps(means, record, context)
        if (body.start !== true) return shown(created)
        progress('start')
        return shown(await startConfigured(means, record.id, context, secrets))
      })
    },
    vpsChange: async ({ params, query, body }) => {
      const vps = inventory.find(params.vps)
      if (!tasks.busy(vps.id)) requireLegal('set', vps, params.vps)
      const spec = { kind: 'vps.set', vps: vps.id, subject: vps.name, doing: `cannot change VPS "${vps.name}"` }
      return run(spec, query, async () => shown(await changeVps(means, vps.id, body)))
    },
    vpsDestroy: async ({ params, query }) => {
      const orphan = await findOrphan(means, params.vps)
      if (orphan) {
        requireForce(means, orphan, 'destroy', query.force ?? false)
        return run(ofOrphan('destroy', orphan), query, () => destroyOrphan(means, orphan.id))
      }
      const vps = inventory.find(params.vps)
      const force = query.force ?? false
      if (!tasks.busy(vps.id) && !(force && ['running', 'suspended'].includes(vps.state)))
        requireLegal('destroy', vps, params.vps)
      means.relinks.giveWay(vps.id)
      const spec = { kind: 'vps.destroy', vps: vps.id, subject: vps.name, doing: `cannot destroy VPS "${vps.name}"` }
      return run(spec, query, () => destroyVps(means, vps.id, force))
    },
    vpsStart: ({ params, query }) =>
      onVps('start', params.vps, query, async (id, signal) => {
        await relinkBeforeStart(means, id, signal)
        return startVps(means, id, signal)
      }),
    vpsBoot: async ({ params, query }) => ({ boot: await bootOf(means, params.vps, (query.wait ?? 0) * 1_000) }),
    vpsStop: async ({ params, query, body }) => {
      const orphan = await findOrphan(means, params.vps)
      if (!orphan)
        return onVps(
          'stop',
          params.vps,
          query,
          async (id) => {
            const stopped = await stopVps(means, id, body)
            await relinkAfterStop(means, id)
            return stopped
          },
          body,
        )
      requireForce(means, orphan, 'stop', body.force ?? false)
      return run(ofOrphan('stop', orphan), query, () => endOrphan(means, orphan.id))
    },
    vpsRestart: ({ params, query, body }) =>
      onVps(
        'restart',
        params.vps,
        query,
        async (id, signal) => {
          await stopVps(means, id, body)
          await relinkBeforeStart(means, id, signal)
          return startVps(means, id)
        },
        body,
      ),
    vpsSuspend: ({ params, query }) => onVps('suspend', params.vps, query, (id) => suspendVps(means, id)),
    vpsResume: ({ params, query }) => onVps('resume', params.vps, query, (id) => resumeVps(means, id)),
    vpsRename: async ({ params, query, body }) => {
      const vps = inventory.find(params.vps)
      const spec = { kind: 'vps.rename', vps: vps.id, subject: vps.name, doing: `cannot rename VPS "${vps.name}"` }
      return run(spec, query, async () => shown(await renameVps(means, vps.id, body.name)))
    },
    ...quotaHandlers(means),
    ...snapshotHandlers(means, run, shown),
    ...relinkHandlers(means, run, shown),
    ...mountHandlers(means, run),
    ...vzfsHandlers(means),
    ...volumeHandlers(means, run, shown),
    vpsLog: async ({ params }) => {
      const vps = inventory.find(params.vps)
      const kept = isTransient(vps.state) || isLegal('log', vps.state) ? null : lastWords(means, vps.id)
      if (kept !== null) return { text: kept }
      requireLegal('log', vps, params.vps)
      return { text: (await keeper.consoleLog(`${vps.id}`)).toString() }
    },

    ...appHandlers(means, run),
    ...updateHandlers(means, run),
    ...templateHandlers(means, run),
    taskList: async ({ query }) => {
      const vps = query.vps === undefined ? undefined : inventory.find(query.vps).id
      return { tasks: await tasks.list({ state: query.state, vps, limit: query.limit ?? 100 }) }
    },
    taskShow: async ({ params, query }) => {
      const task = await tasks.show(params.task)
      return { task: await settled(task, query.wait) }
    },
    taskCancel: async ({ params, query }) => ({ task: await settled(await tasks.cancel(params.task), query.wait) }),
    taskLog: ({ params }) => tasks.log(params.task),

    doctor: async () => ({ findings: await examine(means) }),
    doctorRepair: ({ query }) => {
      const spec = { kind: 'node.repair', subject: means.instance.name, doing: 'cannot repair the node' }
      return run(spec, query, async () => {
        await means.volumeBook.retry()
        await repairAreas(means)
        await reconcile(means)
        await repairCopies(means)
        return { findings: await examine(means) }
      })
    },
    recover: ({ query }) => {
      const spec = { kind: 'node.recover', subject: means.instance.name, doing: 'cannot rebuild the database' }
      return run(spec, query, () => recover(means))
    },

    metrics: async () => {
      const all = { instance: means.instance.name, version: VERSION, vpss: inventory.all().map(shown) }
      return openMetrics(
        familiesOf({
          ...all,
          traffic: await trafficOf(means),
          vzfs: { ...means.vzfsBoard.figures(), disks: await presentVolumes(means) },
        }),
      )
    },

    openapi: async () => openApiDocument(),
  }
}

async function trafficOf({ links, linked, wires }: Means): Promise<Map<number, Traffic>> {
  if (linked.size === 0) return new Map()
  const prefix = `${wires.linkPrefix}.`
  // What comes in at the node's end is what the VPS has sent.
  return new Map(
    (await links.list(prefix)).map(({ name, rxBytes, txBytes }) => [
      Number(name.slice(prefix.length)),
      { received: txBytes, sent: rxBytes },
    ]),
  )
}
