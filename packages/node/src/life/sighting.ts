/** What is there now of all VPSs, seen once: a few calls, however many VPSs there are. */

import type { QuotaLimits } from '@insula/kernel'
import { type AreaProblem, type JoinedVzfs, VzfsError } from '@insula/vzfs'
import type { Means } from '../means.ts'

export interface Sighting {
  /** Why the private areas of known VPSs cannot be used. */
  readonly areaProblems: ReadonlyMap<number, AreaProblem>
  readonly cgroups: ReadonlySet<number>
  /** VPSs whose init runs or waits. */
  readonly inits: ReadonlySet<number>
  /** Host ends, by name. */
  readonly links: ReadonlySet<string>
  /** "192.0.2.7/32 ins.101" */
  readonly routes: ReadonlySet<string>
  /** Of each area; without those of a volume that enforces none. */
  readonly diskLimits: ReadonlyMap<number, QuotaLimits>
  /** Areas whose files are not counted for them, on a volume that can. */
  readonly uncounted: ReadonlySet<number>
  /** Areas whose users and groups have other limits than they should, with what is wrong. */
  readonly idLimits: ReadonlyMap<number, string>
}

export async function lookAround({ inventory, vzfs, cgroups, keeper, links, wires, instance }: Means): Promise<Sighting> {
  const [areas, groups, kept, found, networks] = await Promise.all([
    vzfs.areas.list(),
    cgroups.children(instance.cgroup),
    keeper.list(),
    links.list(`${wires.linkPrefix}.`),
    links.networks(),
  ])
  const readable = new Set(areas.map(({ id }) => id))
  const doubtful = [...inventory.ids()].filter((id) => !readable.has(id))
  const problems = await Promise.all(doubtful.map(async (id) => [id, await vzfs.areas.problem(id)] as const))
  const limits = await Promise.all(areas.map(async ({ id }) => [id, await vzfs.areas.limits(id).catch(() => null)] as const))
  const counted = await Promise.all(areas.map(async ({ id }) => [id, await vzfs.areas.counted(id).catch(() => null)] as const))
  const idLimits = await Promise.all(areas.map(async ({ id }) => [id, await wrongIdLimits(vzfs, id)] as const))
  return {
    idLimits: new Map(idLimits.flatMap(([id, wrong]) => (wrong === null ? [] : [[id, wrong] as const]))),
    uncounted: new Set(counted.flatMap(([id, found]) => (found === false ? [id] : []))),
    diskLimits: new Map(limits.flatMap(([id, found]) => (found === null ? [] : [[id, found] as const]))),
    areaProblems: new Map(problems.flatMap(([id, found]) => (found === null ? [] : [[id, found] as const]))),
    cgroups: new Set(groups.map(Number).filter(Number.isInteger)),
    inits: new Set(kept.map(({ id }) => Number(id))),
    links: new Set(found.map(({ name }) => name)),
    routes: new Set(networks.map(({ cidr, device }) => `${cidr} ${device}`)),
  }
}

async function wrongIdLimits(vzfs: JoinedVzfs, id: number): Promise<string | null> {
  try {
    const wrong = (await vzfs.areas.idQuota(id)).wrong()
    return wrong === 0 ? null : `${wrong} of the limits of its users and groups do not hold`
  } catch (error) {
    return error instanceof VzfsError && error.code === 'damaged' ? error.message : null
  }
}
