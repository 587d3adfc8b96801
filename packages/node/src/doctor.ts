/** Looks for what is wrong with the node and its VPSs, and says what to do about it. */

import { DEFAULT_INSTANCE, type Finding } from '@insula/contract'
import { type VolumeState, volumePaths } from '@insula/vzfs'
import type { Means } from './means.ts'
import { missingOf } from './life/parts.ts'
import { lookAround } from './life/sighting.ts'
import { damagedCopies } from './record-copy.ts'
import { SYSCTLS } from './sysctls.ts'
import { COME_BACK } from './volumes/come-back.ts'
import { missingVolume } from './volumes/missing.ts'

const LEAST_KERNEL = [6, 6] as const
const TOOLS: Readonly<Record<string, string>> = {
  crun: 'crun',
  lxcfs: 'lxcfs',
  nft: 'nftables',
  mmdebstrap: 'mmdebstrap',
}
/** Share of a volume that should stay free. */
const LEAST_FREE = 0.1

type Check = (means: Means) => Promise<Finding[]>

export async function examine(means: Means): Promise<Finding[]> {
  const all = await Promise.all(
    CHECKS.map(async ([subject, check]) => {
      try {
        const found = await check(means)
        return found.length > 0
          ? found
          : [{ severity: 'ok' as const, subject, message: 'as it should be', remedy: null, repairable: false }]
      } catch (error) {
        return [wrong('error', subject, `could not be examined: ${(error as Error).message}`)]
      }
    }),
  )
  return all.flat()
}

const wrong = (
  severity: 'warning' | 'error',
  subject: string,
  message: string,
  remedy: string | null = null,
  repairable = false,
): Finding => ({
  severity,
  subject,
  message,
  remedy,
  repairable,
})

const kernel: Check = async ({ probe }) => {
  const { kernelVersion, kernelRelease, controllers } = await probe.features()
  const [major, minor] = kernelVersion
  const old = major < LEAST_KERNEL[0] || (major === LEAST_KERNEL[0] && minor < LEAST_KERNEL[1])
  const missing = ['cpu', 'cpuset', 'memory', 'pids'].filter((name) => !controllers.includes(name))
  return [
    ...(old
      ? [
          wrong(
            'error',
            'kernel',
            `${kernelRelease} is older than ${LEAST_KERNEL.join('.')}, which VZFS needs`,
            'install a newer kernel, on Debian 12 from bookworm-backports',
          ),
        ]
      : []),
    ...(missing.length > 0
      ? [
          wrong(
            'error',
            'kernel',
            `cgroup controllers ${missing.join(', ')} are missing: such limits do not hold`,
            'boot with cgroup_enable=memory, and see /proc/cgroups',
          ),
        ]
      : []),
  ]
}

const tools: Check = async ({ probe }) => {
  const found = (await probe.features()).tools
  return Object.entries(TOOLS)
    .filter(([name]) => found[name] === undefined)
    .map(([name, source]) => wrong('error', 'tools', `${name} is not installed`, `apt-get install ${source}`))
}

const sysctls: Check = async ({ probe }) => {
  const findings: Finding[] = []
  for (const { name, atLeast, why } of SYSCTLS) {
    const value = await probe.sysctl(name)
    if (value === null || Number(value) >= atLeast) continue
    findings.push(
      wrong(
        'warning',
        'sysctl',
        `${name} is ${value}, should be at least ${atLeast}: ${why}`,
        `sysctl -w ${name}=${atLeast}; ./up sets it for good`,
      ),
    )
  }
  return findings
}

const volume: Check = async (means) => {
  const { vzfs } = means
  const several = vzfs.volumes().length > 1
  const found = await Promise.all(
    vzfs.volumes().map(async (one) => {
      const subject = several ? `volume ${one.name}` : 'volume'
      if (one.vzfs === null) return missing(means, subject, one)
      return examineVolume(means, subject, one.path).catch((error: unknown) => [
        wrong('error', subject, `${one.path} cannot be examined: ${(error as Error).message}`, COME_BACK),
      ])
    }),
  )
  return found.flat()
}

function missing({ inventory }: Means, subject: string, { name, path, problem }: VolumeState): Finding[] {
  const users = inventory.all().filter((vps) => vps.volume === name)
  const lie = users.length === 0 ? '' : `; what lies on it cannot be used: ${users.map((vps) => vps.name).join(', ')}`
  const lost =
    users.length === 0
      ? `insula vzfs volume remove ${name}`
      : `\`insula destroy --force VPS\` for each, and \`insula vzfs volume remove ${name}\``
  return [
    wrong(
      'error',
      subject,
      `${path} is not there: ${problem ?? 'unknown'}${lie}`,
      `${COME_BACK}; if it is lost for good: ${lost}`,
      true,
    ),
  ]
}

async function examineVolume({ volumes }: Means, subject: string, path: string): Promise<Finding[]> {
  const [features, space] = await Promise.all([
    // What a volume can do is found out by writing to it.
    volumes.probe(path).catch((error: unknown) => {
      if (isFull(error)) return null
      throw error
    }),
    volumes.space(path),
  ])
  if (features === null || isFull(features.vzfsProblem)) {
    const remedy = 'destroy VPSs or remove templates that are not needed, or enlarge the volume (docs/vzfs.md)'
    return [wrong('error', subject, `${path} is full: nothing more can be written to it`, remedy)]
  }
  return [
    ...(features.vzfs
      ? []
      : [
          wrong(
            'error',
            subject,
            `VZFS does not work on ${path}: ${features.vzfsProblem}`,
            'use XFS, or a kernel with overlayfs >= 6.6',
          ),
        ]),
    ...(features.projectQuota
      ? []
      : [
          wrong(
            'warning',
            subject,
            'disk limits of VPSs are not enforced on this volume: its kernel or mount has no project quota',
            'XFS: mount it with -o uquota,gquota,pquota; ext4: mkfs.ext4 -O quota,project and mount -o prjquota; the kernel needs ' +
              'CONFIG_XFS_QUOTA or CONFIG_QUOTA (kernels of Debian have both). Until then limits are recorded, and use is counted',
          ),
        ]),
    ...(space.freeBytes / space.totalBytes < LEAST_FREE
      ? [
          wrong(
            'warning',
            subject,
            `only ${Math.round((100 * space.freeBytes) / space.totalBytes)} % of ${path} is free`,
            'remove what is not needed, or enlarge the volume (docs/vzfs.md)',
          ),
        ]
      : []),
  ]
}

/** An error of Node, or the text of one. */
const isFull = (found: unknown): boolean =>
  /\b(?:ENOSPC|EDQUOT)\b/.test(found instanceof Error ? found.message : JSON.stringify(found))

const keeper: Check = async ({ keeper: asked }) => {
  const { lxcfs } = await asked.health()
  return lxcfs.healthy
    ? []
    : [
        wrong(
          'error',
          'lxcfs',
          'it does not answer: /proc inside VPSs shows errors',
          'the keeper restarts it by itself; see its log',
        ),
      ]
}

const supervisor: Check = async ({ supervisorIsGone, instance }) => {
  if (!supervisorIsGone()) return []
  const message = 'insula-supervisor has ended: nobody starts insulad or insula-keeper again when one of them ends'
  const option = instance.name === DEFAULT_INSTANCE ? '' : ` --instance ${instance.name}`
  return [wrong('error', 'supervisor', message, `sudo ./up${option} starts another, which adopts both; VPSs do not notice`)]
}

const database: Check = async ({ store, instance }) =>
  store.inPlace()
    ? []
    : [
        wrong(
          'error',
          'database',
          `${instance.database} is not the file that insulad has open, which was removed or moved: what it writes is lost when it ends`,
          'restart insulad, then run `insula recover`; to keep tasks and events too, put the file back before that',
        ),
      ]

const copies: Check = async (means) =>
  (await damagedCopies(means)).map(({ vps, reason }) => {
    const message = `the copy of its record in its private area is damaged: ${reason}`
    return wrong('error', `vps ${vps.name}`, message, 'insula doctor --repair', true)
  })

const areas: Check = async (means) => {
  const { areaProblems } = await lookAround(means)
  return means.inventory.all().flatMap((vps) => {
    const { id, name } = vps
    const problem = areaProblems.get(id)
    if (!problem || means.tasks.busy(id)) return []
    const gone = missingVolume(means, vps)
    if (gone !== null) return [wrong('error', `vps ${name}`, gone, COME_BACK)]
    const said = `its private area cannot be used: ${problem.message}`
    if (problem.mendable) return [wrong('error', `vps ${name}`, said, 'insula doctor --repair', true)]
    return [wrong('error', `vps ${name}`, said, `restore it, or give the VPS up: \`insula destroy ${name}\``)]
  })
}

const vpss: Check = async (means) => {
  const seen = await lookAround(means)
  return means.inventory.all().flatMap((vps) => {
    const subject = `vps ${vps.name}`
    if (vps.state === 'failed') return [wrong('error', subject, vps.problem ?? 'it failed', `insula start ${vps.name}`)]
    if (means.tasks.busy(vps.id) || (vps.state !== 'running' && vps.state !== 'suspended')) return []
    return missingOf(means, vps, seen).map((message) => wrong('error', subject, message, 'insula doctor --repair', true))
  })
}

const leftovers: Check = async (means) => {
  const { wires, instance, tasks } = means
  const { inits, cgroups, links } = await lookAround(means)
  // A VPS that a task works on is neither left over nor missing.
  const spare = (id: number): boolean => !inits.has(id) && !tasks.busy(id)
  const strays = [...links].filter((name) => spare(Number(name.slice(wires.linkPrefix.length + 1))))
  const repair = 'insula doctor --repair'
  return [
    ...[...cgroups]
      .filter(spare)
      .map((id) => wrong('warning', 'cgroups', `cgroup ${instance.cgroup}/${id} ${NOBODYS}`, repair, true)),
    ...strays.map((name) => wrong('warning', 'network', `link ${name} ${NOBODYS}`, repair, true)),
    ...(await orphans(means, inits)),
  ]
}

/** Where a record would have to be restored to. */
const recordPlace = (means: Means, id: number): Promise<string> =>
  means.vzfs.of(id).then(
    ({ path }) => volumePaths(path).area(id).record,
    () => volumePaths(means.vzfs.path).area(id).record,
  )

const orphans = async (means: Means, inits: ReadonlySet<number>): Promise<Finding[]> => {
  const { inventory, lostAreas, tasks } = means
  const lost = (await lostAreas.look()).map(({ id }) => id)
  const hopeful = lostAreas.hopeful()
  const strays = [...inits].filter((id) => !inventory.get(id))
  const all = [...new Set([...lost, ...strays])].filter((id) => !tasks.busy(id))
  return Promise.all(
    all.map(async (id) => {
      const runs = inits.has(id) ? 'it runs, and ' : ''
      if (hopeful.includes(id))
        return wrong('error', `vps ${id}`, `${runs}its private area has no record in the database`, 'insula recover')
      const restore = `restore ${await recordPlace(means, id)} and run \`insula recover\``
      return wrong('error', `vps ${id}`, `${runs}its record is damaged`, `${restore}, or give it up: \`insula destroy -f ${id}\``)
    }),
  )
}

const NOBODYS = 'belongs to no running VPS'

/** Of the last check: to look now would take minutes. */
const damage: Check = async ({ lastCheck }) => {
  const last = lastCheck.get()
  if (last === null || last.damaged === 0) return []
  const count = last.damaged === 1 ? 'something' : `${last.damaged} things`
  const names = last.hit.map(({ name }) => name)
  const hit =
    names.length === 0 ? '' : `; files cannot be opened in ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''}`
  const first = last.damages[0]
  const example = first === undefined ? '' : `: ${first.path}: ${first.problem}`
  return [
    wrong(
      'error',
      'vzfs',
      `the check of ${last.at} left ${count} damaged on the volume${example}${hit}`,
      'insula vzfs check --deep --repair',
    ),
  ]
}

const CHECKS: readonly (readonly [string, Check])[] = [
  ['kernel', kernel],
  ['tools', tools],
  ['sysctl', sysctls],
  ['volume', volume],
  ['lxcfs', keeper],
  ['supervisor', supervisor],
  ['database', database],
  ['vps', vpss],
  ['areas', areas],
  ['records', copies],
  ['leftovers', leftovers],
  ['vzfs', damage],
]
