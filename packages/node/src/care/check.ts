/** A check of the volume, and a collection, in words of VPSs and templates. */

import { FIRST_VOLUME, type VzfsCheck, type VzfsCheckResult, type VzfsGc, type VzfsGcResult } from '@insula/contract'
import { type Damage, VzfsError } from '@insula/vzfs'
import { repairAreas } from '../area-repair.ts'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import { collectStacks, unusedStacks } from '../stacks/stacks.ts'
import type { TaskContext } from '../tasks/engine.ts'

/** Told at most; how many there are is told too. */
const MOST = 1_000

type Context = Pick<TaskContext, 'signal' | 'progress' | 'log'>

export async function checkVolume(
  means: Means,
  { deep = false, repair = false, rate, from = [] }: VzfsCheck,
  context: Context,
): Promise<VzfsCheckResult> {
  const { vzfs, templates, config, lastCheck } = means
  const { signal, progress, log } = context
  const options = { contents: deep, pace: rate ?? null, progress, signal }
  if (repair) await repairAreas(means)
  const treeLike = async (layer: string, use: (tree: string) => Promise<void>): Promise<void> => {
    log(`bytes that are missing may come from ${layer} built anew`)
    try {
      await templates.withTreeLike(layer, { mirror: config.mirror, signal, onProgress: progress }, use)
    } catch (error) {
      signal.throwIfAborted()
      // The rest can be repaired all the same.
      log(`${layer} could not be built anew: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const report = repair
    ? await vzfs.repair({ ...options, from, treeLike })
    : { ...(await vzfs.examine(options)), repaired: [] as readonly Damage[] }
  const { damages, repaired, orphans, looked } = report
  const result: VzfsCheckResult = {
    deep,
    damages: damages.slice(0, MOST).map(told),
    damaged: damages.length,
    repaired: repaired.slice(0, MOST).map(told),
    hit: hitBy(means, damages),
    orphans,
    looked,
  }
  for (const { path, problem } of result.damages.slice(0, 100)) log(`${path}: ${problem}`)
  lastCheck.set({ at: new Date().toISOString(), ...result })
  return result
}

const told = ({ kind, path, problem, repairable, volume }: Damage) => ({
  kind,
  path,
  problem,
  repairable,
  ...(volume === undefined ? {} : { volume }),
})

/** VPSs that lack contents: what they open there fails. */
function hitBy({ inventory }: Means, damages: readonly Damage[]): VzfsCheckResult['hit'] {
  const lacking = damages.filter(({ kind }) => kind === 'contents')
  const keyOf = (volume: string | undefined, layer: string): string => `${volume ?? FIRST_VOLUME} ${layer}`
  const layers = new Set(
    lacking.flatMap(({ layer, namedBy, volume }) =>
      [...(namedBy?.layers ?? []), ...(layer === undefined ? [] : [layer])].map((name) => keyOf(volume, name)),
    ),
  )
  const areas = new Set(
    lacking.flatMap(({ area, namedBy }) => [...(namedBy?.areas ?? []), ...(area === undefined ? [] : [area])]),
  )
  return inventory
    .all()
    .filter((vps) => areas.has(vps.id) || vps.layers.some((layer) => layers.has(keyOf(vps.volume, layer))))
    .map(({ id, name, state }) => ({ vps: id, name, running: state === 'running' || state === 'suspended' }))
}

/** @throws ApiFailure conflict */
export async function collectContents(
  means: Pick<Means, 'vzfs' | 'stacks'>,
  { dryRun = false }: VzfsGc,
  { signal, progress, log }: Context,
): Promise<VzfsGcResult> {
  try {
    const layers = await (dryRun ? unusedStacks : collectStacks)(means)
    for (const { name, os, apps } of layers) log(`no VPS uses the shared layer of ${apps.join(', ')} on ${os}, ${name}`)
    const { files, bytes } = await means.vzfs.collect({ dryRun, signal, progress })
    log(`${files} contents, ${bytes} bytes${dryRun ? ', would be deleted' : ''}`)
    return { files, bytes, layers: layers.map(({ apps, ...layer }) => ({ ...layer, apps: [...apps] })), dryRun }
  } catch (error) {
    if (!(error instanceof VzfsError) || error.code !== 'damaged') throw error
    const message = `cannot collect contents: it cannot be told what is still in use: ${error.message}`
    throw failure('conflict', message, 'insula vzfs check --repair', error)
  }
}

/** What a removed template alone named takes space that somebody wanted back. A task of its own: the template has gone, whatever becomes of this. */
export async function collectAfterwards(means: Means): Promise<void> {
  const { tasks, instance, config } = means
  if (config.collectAfterRemoval === false) return
  const spec = { kind: 'vzfs.gc', subject: instance.name, doing: 'cannot collect contents', cancellable: true }
  await tasks.start(spec, (context) => collectContents(means, {}, context))
}
