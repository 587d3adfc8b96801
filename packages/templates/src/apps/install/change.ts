/** Adds, upgrades and removes an app inside a system, with the system's own package manager. */

import { compareVersions } from '../deb/version.ts'
import { install, parseSimulated, remove, type Simulated, unneeded, update, upgrade } from './apt-inside.ts'
import { InsideFailed } from './inside.ts'
import { apt, bring, checkHealth, packagesInside, runScripts, sweep, type Work } from './work.ts'

export interface AddOptions {
  /** Packages that an earlier try, which was cut off, was about to bring. */
  readonly came: readonly string[]
  /** Told before anything is installed: what comes with it. */
  readonly intend: (came: readonly string[]) => Promise<void>
}

/** What was not there and is installed by this comes back out when it fails. @throws InsideFailed */
export async function addApp(work: Work, { came: before, intend }: AddOptions): Promise<void> {
  let came = before
  try {
    const { wanted, plan, present } = await prepare(work)
    came = [...new Set([...before, ...plan.installs.filter((name) => !present.has(name))])]
    await intend(came)
    await runScripts(work, 'pre-install')
    work.step('installing packages')
    await apt(work, 'installation', install(wanted))
    await runScripts(work, 'post-install')
    await checkHealth(work)
  } catch (error) {
    if (!(error instanceof InsideFailed)) throw error
    throw await takeBack(work, came, error)
  } finally {
    await sweep(work).catch(() => undefined)
  }
}

/** @throws InsideFailed; what is installed then can be upgraded again */
export async function upgradeApp(work: Work, { came: before, intend }: AddOptions): Promise<void> {
  try {
    const { wanted, plan, present } = await prepare(work)
    await intend([...new Set([...before, ...plan.installs.filter((name) => !present.has(name))])])
    await runScripts(work, 'pre-upgrade')
    work.step('upgrading packages')
    await apt(work, 'upgrade', install(wanted))
    await apt(work, 'upgrade', upgrade())
    await runScripts(work, 'post-upgrade')
    await checkHealth(work)
  } finally {
    await sweep(work).catch(() => undefined)
  }
}

export interface RemoveOptions {
  /** Packages that came with it. */
  readonly came: readonly string[]
  /** Packages that other apps of the VPS asked for. */
  readonly stay: ReadonlySet<string>
  /** Its configuration too. */
  readonly purge: boolean
}

/** @throws InsideFailed */
export async function removeApp(work: Work, { came, stay, purge }: RemoveOptions): Promise<void> {
  try {
    const present = await packagesInside(work)
    await runScripts(work, 'pre-remove')
    // What the tenant had before stays; with --purge also what only has configuration left is looked at.
    const ours = new Set(came.filter((name) => !stay.has(name)))
    const asked = work.system.wanted.map(({ name }) => name).filter((name) => ours.has(name) && present.has(name))
    if (asked.length > 0) {
      const simulated = parseSimulated((await apt(work, 'removal', remove(asked, purge, true))).stdout)
      requireOnly(simulated, ours, 'removal')
      work.step('removing packages')
      await apt(work, 'removal', remove(asked, purge))
    }
    const idle = parseSimulated((await apt(work, 'removal', unneeded())).stdout).removes.filter((name) => ours.has(name))
    if (idle.length > 0) {
      work.step('removing what came with them')
      await apt(work, 'removal', remove(idle, purge))
    }
    await runScripts(work, 'post-remove')
  } finally {
    await sweep(work).catch(() => undefined)
  }
}

async function prepare(work: Work) {
  work.step('bringing packages')
  const present = await packagesInside(work)
  await bring(work)
  await apt(work, 'preparation', update())
  const wanted = work.system.wanted.map(({ name, version }) => {
    const has = present.get(name)
    // What the tenant has in a later version is not taken back.
    return has && compareVersions(has.version, version) >= 0 ? name : `${name}=${version}`
  })
  const plan = parseSimulated((await apt(work, 'preparation', install(wanted, true))).stdout)
  requireOnly(plan, new Set(), 'installation')
  return { wanted, plan, present }
}

function requireOnly({ removes }: Simulated, ours: ReadonlySet<string>, phase: string): void {
  const others = removes.filter((name) => !ours.has(name))
  if (others.length === 0) return
  throw new InsideFailed(
    phase,
    `the package manager inside would remove ${others.slice(0, 5).join(', ')}${others.length > 5 ? ', ...' : ''} for it, and nothing was changed`,
    'those packages are not part of the app: remove them inside yourself if that is what you want',
  )
}

async function takeBack(work: Work, came: readonly string[], cause: InsideFailed): Promise<InsideFailed> {
  const said = (state: string, remedy = cause.remedy): InsideFailed =>
    new InsideFailed(cause.phase, `${cause.message}; ${state}`, remedy, { cause })
  if (came.length === 0) return said('nothing was installed')
  try {
    work.step('taking it back')
    const present = await packagesInside({ ...work, signal: undefined })
    const left = came.filter((name) => present.has(name))
    // Also what only left configuration: purge knows both.
    if (left.length > 0) await apt({ ...work, signal: undefined }, 'taking it back', remove(left, true))
    return said('what had been installed is removed again')
  } catch (error) {
    return said(
      `what was installed could not be removed again (${(error as Error).message})`,
      'put that right inside and run the command again',
    )
  }
}
