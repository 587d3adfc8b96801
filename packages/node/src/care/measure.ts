/** What VZFS takes and saves, on disk and in RAM, by VPS and template. */

import type { VzfsDf, VzfsResidency } from '@insula/contract'
import type { SpaceReport } from '@insula/vzfs'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'

type LayerSpace = SpaceReport['layers'][number]

export async function measureSpace({ vzfs, inventory, templates }: Means): Promise<VzfsDf> {
  const [reports, all] = await Promise.all([vzfs.space(), templates.list()])
  const vps: VzfsDf['vps'] = []
  for (const { volume, areas } of reports)
    for (const { id, files, apparent, shared, saved } of areas) {
      const known = inventory.get(id)
      const usage = await vzfs.areas.usage(id).catch(() => null)
      // It may have gone meanwhile, or is being moved.
      if (usage === null || (known !== null && known.volume !== volume)) continue
      vps.push({ id, name: known?.name ?? `${id}`, volume, files, apparent, private: usage.bytes, shared, saved })
    }
  const refs = new Set(all.flatMap((template) => template.layers))
  const volumes = reports.map(({ volume, pool }): VzfsDf['volumes'][number] => {
    const own = vps.filter((one) => one.volume === volume)
    const path = vzfs.volumes().find(({ name }) => name === volume)?.path ?? ''
    const sum = (of: (one: VzfsDf['vps'][number]) => number): number => countable(own.reduce((total, one) => total + of(one), 0))
    return {
      name: volume,
      path,
      contents: pool.files,
      apparent: sum((one) => one.apparent),
      private: sum((one) => one.private),
      shared: pool.bytes,
      saved: pool.saved,
    }
  })
  const sum = (of: (one: VzfsDf['volumes'][number]) => number): number =>
    countable(volumes.reduce((total, one) => total + of(one), 0))
  return {
    vps: vps.toSorted((a, b) => a.id - b.id),
    templates: templatesIn(reports.flatMap(({ layers }) => layers).filter(({ name }) => refs.has(name))),
    volume: {
      path: vzfs.path,
      contents: sum((one) => one.contents),
      apparent: sum((one) => one.apparent),
      private: sum((one) => one.private),
      shared: sum((one) => one.shared),
      saved: sum((one) => one.saved),
    },
    volumes,
  }
}

/** Files of tenants are as long as they say: sums of lengths may be more than can be told. */
const countable = (bytes: number): number => Math.min(bytes, Number.MAX_SAFE_INTEGER)

/** Each volume that has a layer has its own metadata and contents of it. */
function templatesIn(layers: readonly LayerSpace[]): VzfsDf['templates'] {
  const found = new Map<string, VzfsDf['templates'][number]>()
  for (const { name, users, apparent, own, shared, saved } of layers) {
    const before = found.get(name) ?? { users: 0, private: 0, shared: 0, saved: 0 }
    found.set(name, {
      ref: name,
      users: before.users + users,
      apparent,
      private: before.private + own,
      shared: before.shared + shared,
      saved: before.saved + saved,
    })
  }
  return [...found.values()]
}

export async function measureResidency(
  { vzfs, inventory, templates }: Means,
  { template, files = 0 }: { readonly template?: string | undefined; readonly files?: number | undefined },
): Promise<VzfsResidency> {
  const only = template === undefined ? null : await templates.find(template)
  if (template !== undefined && only === null)
    throw failure('not_found', `there is no template "${template}"`, 'see `insula template list`')
  const running = inventory.all().filter(({ state }) => state === 'running' || state === 'suspended')
  const { layers, areas, volumes, resident, saved } = await vzfs.residency(
    running.map(({ id }) => id),
    files,
  )
  return {
    templates: layers
      .filter(({ name }) => only === null || only.layers.includes(name))
      .map(({ name, biggest, ...rest }) => ({ ref: name, ...rest, biggest: [...biggest] })),
    vps: areas.flatMap(({ id, ...figures }) => {
      const known = inventory.get(id)
      return known === null ? [] : [{ id, name: known.name, volume: known.volume, ...figures }]
    }),
    volumes: volumes.map(({ volume, ...figures }) => ({ name: volume, ...figures })),
    resident,
    saved,
  }
}
