/** Private files of stopped VPSs that others have too become links. */

import type { RelinkReport, RelinkResult } from '@insula/contract'
import { asFailure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { requireLegal } from './legality.ts'

/** Relinks that are under way or about to be, by VPS: who wants to start one does not wait for its relink. */
export interface Relinks {
  /** From here until it is disposed of, `giveWay` aborts its signal. */
  announce(id: number): Announced
  giveWay(id: number): void
}

interface Announced extends Disposable {
  readonly signal: AbortSignal
}

class GaveWay extends Error {
  override readonly name = 'GaveWay'
}

export function openRelinks(): Relinks {
  const announced = new Map<AbortController, number>()
  return {
    announce(id) {
      const controller = new AbortController()
      announced.set(controller, id)
      return { signal: controller.signal, [Symbol.dispose]: () => void announced.delete(controller) }
    },
    giveWay(id) {
      for (const [controller, of] of announced)
        if (of === id) controller.abort(new GaveWay('it gave way to something that does not wait'))
    },
  }
}

type Work = Pick<TaskContext, 'signal' | 'progress'>

/** In the VPS's turn. @throws GaveWay; the VPS is then as it was */
async function relinkVps(means: Means, id: number, { signal, progress }: Work): Promise<RelinkReport> {
  const { inventory, vzfs } = means
  const vps = inventory.get(id)
  requireLegal('relink', vps, id)
  await means.mounted.requireNone(id, `cannot relink VPS "${vps.name}"`)
  const onProgress = (done: number, total: number): void => progress(`reading ${vps.name}`, done, total)
  const report = await vzfs.areas.relink(id, { share: vps.share, progress: onProgress, signal })
  if (vps.relinkDue) await inventory.change(id, { relinkDue: false })
  for (const path of report.unlike)
    means.log(`VPS ${vps.name}: /${path} is not what the pool has under its digest; see insula doctor`)
  return report
}

/** Several, one after the other; those that run are marked. They learn of each other before the first is relinked. */
export async function relinkAll(means: Means, targets: readonly VpsRecord[], work: Work): Promise<RelinkResult> {
  const { tasks, inventory, vzfs, relinks } = means
  const result = {
    relinked: [] as RelinkResult['relinked'][number][],
    marked: [] as RelinkResult['marked'][number][],
    failed: [] as RelinkResult['failed'][number][],
  }
  const mark = async (id: number, name: string): Promise<void> => {
    await inventory.change(id, { relinkDue: true })
    result.marked.push({ vps: id, name })
  }
  const inTurn = (id: number, body: (vps: VpsRecord) => Promise<void>): Promise<void> =>
    tasks.exclusively(id, async () => {
      work.signal.throwIfAborted()
      const vps = inventory.get(id)
      // Destroyed meanwhile.
      if (vps) await body(vps)
    })
  const stopped = targets.filter(({ state }) => state === 'stopped')
  if (stopped.length > 1)
    for (const [index, { id, name }] of stopped.entries()) {
      work.progress(`looking at ${name}`, index, stopped.length)
      await inTurn(id, async ({ state, share }) => {
        if (state !== 'stopped' || (await means.mounted.of(id))) return
        using way = relinks.announce(id)
        await vzfs.areas.survey(id, { share, signal: AbortSignal.any([work.signal, way.signal]) }).catch((error: unknown) => {
          // What is wrong with it is told when it is relinked.
          if (work.signal.aborted) throw error
        })
      })
    }
  for (const { id, name } of targets)
    await inTurn(id, async ({ state }) => {
      if (state !== 'stopped') return mark(id, name)
      using way = relinks.announce(id)
      try {
        const signal = AbortSignal.any([work.signal, way.signal])
        result.relinked.push({ vps: id, name, report: await relinkVps(means, id, { ...work, signal }) })
      } catch (error) {
        if (work.signal.aborted) throw error
        if (error instanceof GaveWay) return mark(id, name)
        if (targets.length === 1) throw asFailure(error, `cannot relink VPS "${name}"`)
        means.log(`VPS ${name} could not be relinked`, error)
        result.failed.push({ vps: id, name, message: (error as Error).message })
      }
    })
  return result
}

/** In the background; a start that comes meanwhile does not wait for it. */
export async function relinkAfterStop(means: Means, id: number): Promise<void> {
  const { config, tasks, inventory } = means
  const vps = inventory.get(id)
  const isWanted = vps?.share !== 'none' && (config.relink ?? RELINK_DEFAULT) === 'at-stop'
  if (vps?.state !== 'stopped' || !(vps.relinkDue || isWanted)) return
  const spec = { kind: 'vps.relink', vps: id, subject: vps.name, doing: `cannot relink VPS "${vps.name}"`, cancellable: true }
  // From now on, because a start may come before its turn does.
  const way = means.relinks.announce(id)
  await tasks.start(spec, async (context) => {
    using _ = way
    // Whoever had the turn before may have started or destroyed it.
    if (way.signal.aborted || inventory.get(id)?.state !== 'stopped') return null
    // Its administrator was quicker: it is relinked after its next stop.
    if (await means.mounted.of(id)) return null
    try {
      return await relinkVps(means, id, { ...context, signal: AbortSignal.any([context.signal, way.signal]) })
    } catch (error) {
      if (error instanceof GaveWay) return null
      throw error
    }
  })
}

const RELINK_DEFAULT = 'at-stop'

/** Where the administrator wants it so. A start that cannot be relinked is a start. */
export async function relinkBeforeStart(means: Means, id: number, signal: AbortSignal): Promise<void> {
  const { config, inventory } = means
  const vps = inventory.get(id)
  if (config.relink !== 'at-start' || vps?.state !== 'stopped' || (vps.share === 'none' && !vps.relinkDue)) return
  try {
    await relinkVps(means, id, { signal, progress: () => undefined })
  } catch (error) {
    if (signal.aborted) throw error
    means.log(`VPS ${vps.name} is started without having been relinked`, error)
  }
}
