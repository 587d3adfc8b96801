/**
 * What a running VPS consists of, in the order in which it comes up. Reading the list tells how a VPS starts; backwards it stops it; the same
 * list says after a crash what is missing and what is left over. Each `down` may be called when `up` never ran.
 *
 * Parts of one stage do not need each other and come up together: while the runtime makes init, the kernel takes the rules of the firewall.
 */

import { join } from 'node:path'
import { sameQuotaLimits } from '@insula/kernel'
import type { IdQuotaPlace, OverlayPlan } from '@insula/vzfs'
import type { PlacedFile } from '../keeper/keeper.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { bundleOf } from './bundle.ts'
import { diskLimitsOf } from './disk.ts'
import { forgetLastWords, keepLastWords } from './last-words.ts'
import { accountIds } from './quota.ts'
import { innerSteps, linkName, routesOf, vethOf } from './network.ts'
import type { Sighting } from './sighting.ts'
import { placedFiles } from './placed-files.ts'

/** One VPS on its way up: what a part found out that a later one needs. */
export interface Ascent {
  readonly vps: VpsRecord
  root: OverlayPlan | null
  quota: IdQuotaPlace | null
  /** Files of /proc that are shown by lxcfs. */
  procFiles: readonly string[]
  pid: number | null
  /** What runs in place of its own init, and what is placed in place of what it is given at a start. */
  readonly waiting?: { readonly args: readonly string[]; readonly files: readonly PlacedFile[] }
}

/** What taking it down needs to know: also one whose record is lost must go. */
type Doomed = Pick<VpsRecord, 'id' | 'name'>

export interface Part {
  readonly name: string
  up(means: Means, ascent: Ascent): Promise<void>
  down(means: Means, vps: Doomed): Promise<void>
  /** What should exist while the VPS runs and does not, in words. */
  inspect(means: Means, vps: VpsRecord, seen: Sighting): string[]
}

export const ID_RANGE_SIZE = 65_536
const nothing = async (): Promise<void> => undefined
const fine = (): string[] => []

export const cgroupOf = (means: Means, id: number): string => `${means.instance.cgroup}/${id}`
export const bundleDirectory = (means: Means, id: number): string => join(means.instance.bundles, `${id}`)

const rootFileSystem: Part = {
  name: 'root file system',
  async up({ vzfs }, ascent) {
    ascent.root = await vzfs.areas.plan(ascent.vps.id)
    ascent.quota = await vzfs.areas.idQuotaPlace(ascent.vps.id)
  },
  // It is mounted in the VPS's own mount namespace and goes with it.
  down: nothing,
  // Private areas are examined for VPSs that do not run as well, so not here.
  inspect: fine,
}

const cgroup: Part = {
  name: 'cgroup',
  async up(means, { vps }) {
    const path = cgroupOf(means, vps.id)
    await means.cgroups.create(path, vps.base)
    await means.cgroups.setLimits(path, { ...vps.limits, cpuSet: vps.cpuSet })
  },
  async down(means, { id }) {
    const path = cgroupOf(means, id)
    if (!(await means.cgroups.exists(path))) return
    await means.cgroups.killAll(path)
    await means.cgroups.remove(path)
  },
  inspect: (_means, { id }, { cgroups }) => (cgroups.has(id) ? [] : ['its cgroup is missing']),
}

const procView: Part = {
  name: 'proc view',
  up: async (means, ascent) => void (ascent.procFiles = (await means.keeper.health()).lxcfs.files),
  // Mounts in the VPS's own mount namespace; the keeper renews them when lxcfs was.
  down: nothing,
  inspect: fine,
}

const runtimeCreate: Part = {
  name: 'runtime create',
  async up(means, ascent) {
    const { vps, root, quota, procFiles, waiting } = ascent
    if (root === null) throw new Error('the root file system has no plan')
    if (!waiting) forgetLastWords(means, vps.id)
    const path = cgroupOf(means, vps.id)
    const launch = () =>
      means.keeper.launch({
        id: `${vps.id}`,
        bundle: bundleDirectory(means, vps.id),
        config: bundleOf(vps, {
          cgroup: path,
          lxcfs: { mountPoint: means.instance.lxcfs, files: procFiles },
          args: waiting?.args ?? [vps.init.path],
        }),
        idMap: { base: vps.base, size: ID_RANGE_SIZE },
        root,
        files: waiting?.files ?? placedFiles(vps, means.resolvers),
        cgroup: path,
        quota,
      })
    const { pid } = await means.vzfs.areas.withRoom(vps.id, launch)
    ascent.pid = pid
  },
  async down(means, { id }) {
    await keepLastWords(means, id)
    await means.keeper.discard(`${id}`)
  },
  inspect: (_means, { id }, { inits }) => (inits.has(id) ? [] : ['its init is gone']),
}

/** The kernel keeps them with the file system; set again, because somebody may have changed them there, or moved the volume. */
const diskLimits: Part = {
  name: 'disk limits',
  async up(means, { vps }) {
    await means.vzfs.areas.limit(vps.id, diskLimitsOf(vps.limits))
    await accountIds(means, vps)
  },
  down: nothing,
  inspect: (_means, { id, limits }, { diskLimits: found, uncounted, idLimits }) => {
    if (uncounted.has(id)) return ['its files are not counted for its disk limit']
    const wrong = idLimits.get(id)
    if (wrong !== undefined) return [wrong]
    const now = found.get(id)
    return now === undefined || sameQuotaLimits(now, diskLimitsOf(limits)) ? [] : ['its disk limits are not those of its record']
  },
}

/** Rules are there before the link that they filter, and go after it. */
const firewall: Part = {
  name: 'firewall',
  async up(means, { vps }) {
    if (vps.addresses.length === 0) return
    means.linked.add(vps.id)
    await means.firewall.refresh()
  },
  async down(means, { id }) {
    if (means.linked.delete(id)) await means.firewall.refresh()
  },
  inspect: fine,
}

const link: Part = {
  name: 'link',
  async up(means, { vps, pid }) {
    if (vps.addresses.length === 0) return
    await means.links.attach(vethOf(means.wires, vps.id, pid ?? 0), routesOf(means.wires, vps.id, vps.addresses))
  },
  async down(means, { id }) {
    if (means.linked.has(id)) await means.links.remove(linkName(means.wires, id))
  },
  inspect(means, { id, addresses }, { links, routes }) {
    const name = linkName(means.wires, id)
    if (addresses.length > 0 && !links.has(name)) return ['its network link is missing']
    const missing = addresses.filter((address) => !routes.has(`${address}/32 ${name}`))
    return missing.map((address) => `the node has no route to its address ${address}`)
  },
}

const addresses: Part = {
  name: 'addresses',
  async up(means, { vps }) {
    await means.keeper.configureNetwork(`${vps.id}`, innerSteps(vps.addresses))
  },
  down: nothing,
  inspect: fine,
}

const runtimeStart: Part = {
  name: 'runtime start',
  up: (means, { vps }) => means.keeper.begin(`${vps.id}`),
  down: nothing,
  inspect: fine,
}

export const STAGES: readonly (readonly Part[])[] = [
  [rootFileSystem, diskLimits, cgroup, procView],
  [runtimeCreate, firewall],
  [link],
  [addresses],
  [runtimeStart],
]
export const PARTS: readonly Part[] = STAGES.flat()

/** Of one that a waiting init holds up: nobody reaches it, and what its console says is of no interest. */
export const WAITING: readonly Part[] = [
  rootFileSystem,
  diskLimits,
  cgroup,
  procView,
  { ...runtimeCreate, down: (means, { id }) => means.keeper.discard(`${id}`) },
  runtimeStart,
]

/** What a VPS that runs should have and has not, in words. */
export const missingOf = (means: Means, vps: VpsRecord, seen: Sighting): string[] =>
  PARTS.flatMap((part) => part.inspect(means, vps, seen))

/** Takes every part down, last first; one that fails does not keep the others. @throws the first failure, when all were tried */
export async function takeDown(means: Means, vps: Doomed, from: readonly Part[] = PARTS): Promise<void> {
  const failures: unknown[] = []
  for (const part of from.toReversed()) {
    try {
      await part.down(means, vps)
    } catch (error) {
      means.log(`VPS ${vps.name}: ${part.name} could not be taken down`, error)
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
