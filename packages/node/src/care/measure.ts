/** What VZFS takes and saves, on disk and in RAM, by VPS and template. */

import type { VzfsDf, VzfsResidency } from '@insula/contract'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'

export async function measureSpace({ vzfs, inventory, templates }: Means): Promise<VzfsDf> {
  const [{ areas, layers, pool }, all] = await Promise.all([vzfs.space(), templates.list()])
  const vps: VzfsDf['vps'] = []
  for (const { id, files, apparent, shared, saved } of areas) {
    const usage = await vzfs.areas.usage(id).catch(() => null)
    // It may have gone meanwhile.
    if (usage === null) continue
    vps.push({ id, name: inventory.get(id)?.name ?? `${id}`, files, apparent, private: usage.bytes, shared, saved })
  }
  const refs = new Set(all.flatMap((template) => template.layers))
  const sum = (of: (one: VzfsDf['vps'][number]) => number): number => vps.reduce((total, one) => total + of(one), 0)
  return {
    vps,
    templates: layers
      .filter(({ name }) => refs.has(name))
      .map(({ name, users, apparent, own, shared, saved }) => ({ ref: name, users, apparent, private: own, shared, saved })),
    volume: {
      path: vzfs.path,
      contents: pool.files,
      apparent: sum((one) => one.apparent),
      private: sum((one) => one.private),
      shared: pool.bytes,
      saved: pool.saved,
    },
  }
}

export async function measureResidency(
  { vzfs, inventory, templates }: Means,
  { template, files = 0 }: { readonly template?: string | undefined; readonly files?: number | undefined },
): Promise<VzfsResidency> {
  const only = template === undefined ? null : await templates.find(template)
  if (template !== undefined && only === null)
    throw failure('not_found', `there is no template "${template}"`, 'see `insula template list`')
  const running = inventory.all().filter(({ state }) => state === 'running' || state === 'suspended')
  const { layers, resident, saved } = await vzfs.residency(
    running.map(({ id }) => id),
    files,
  )
  return {
    templates: layers
      .filter(({ name }) => only === null || only.layers.includes(name))
      .map(({ name, biggest, ...rest }) => ({ ref: name, ...rest, biggest: [...biggest] })),
    resident,
    saved,
  }
}
