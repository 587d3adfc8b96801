/** Adds, upgrades and removes an app inside a system, with the system's own package manager. */

import { compareVersions } from '../deb/version.ts'
import {
  forgetFailed,
  automatic,
  install,
  parseRecommendations,
  parseSimulated,
  recommendations,
  remove,
  type Simulated,
  unneeded,
  update,
  upgrade,
} from './apt-inside.ts'
import { InsideFailed } from './inside.ts'
import { withServices } from './services.ts'
import { apt, bring, checkHealth, must, packagesInside, quietly, remainsInside, runScripts, sweep, type Work } from './work.ts'

export interface AddOptions {
  /** Packages that an earlier try, which was cut off, was about to bring. */
  readonly came: readonly string[]
  /** Those of them whose configuration was there before: they had been removed, but not purged. */
  readonly remains?: readonly string[]
  /** Told before anything is installed: what comes with it. */
  readonly intend: (came: readonly string[], remains: readonly string[]) => Promise<void>
}

export type Configured = 'post-install' | 'post-upgrade'

/** What was not there and is installed by this comes back out when it fails. @throws InsideFailed */
export function addApp(work: Work, options: AddOptions): Promise<void> {
  // What scripts of the app have written, its own know how to take away.
  let isScripted = false
  return orTakenBack(
    work,
    options,
    () => isScripted,
    async (intend) => {
      await place(work, 'add', { ...options, intend })
      isScripted = true
      await configure(work, 'post-install')
    },
  )
}

/** @throws InsideFailed; what is installed then can be upgraded again */
export function upgradeApp(work: Work, options: AddOptions): Promise<void> {
  return swept(work, async () => {
    await place(work, 'upgrade', options)
    await configure(work, 'post-upgrade')
  })
}

/** Packages without what configures them: in a system whose services do not run. @throws InsideFailed */
export function placeApp(work: Work, deed: 'add' | 'upgrade', options: AddOptions): Promise<void> {
  return deed === 'add'
    ? orTakenBack(
        work,
        options,
        () => false,
        (intend) => place(work, deed, { ...options, intend }),
      )
    : swept(work, () => place(work, deed, options))
}

/** The other half of `placeApp`, once its services run. @throws InsideFailed */
export const configureApp = (work: Work, phase: Configured): Promise<void> => swept(work, () => configure(work, phase))

async function place(work: Work, deed: 'add' | 'upgrade', { came, remains = [], intend }: AddOptions): Promise<void> {
  const present = await packagesInside(work)
  const has = ({ name, version }: { readonly name: string; readonly version: string }): boolean => {
    const found = present.get(name)
    // What the tenant has in a later version is not taken back.
    return found !== undefined && compareVersions(found.version, version) >= 0
  }
  const { wanted } = work.system
  if (deed === 'add' && wanted.every((one) => has(one) && present.get(one.name)?.whole === true)) {
    await intend(came, remains)
    await runScripts(work, 'pre-install')
    return
  }
  await bring(work)
  await apt(work, 'preparation', update())
  const asked = wanted.map((one) => (has(one) ? one.name : `${one.name}=${one.version}`))
  const plan = parseSimulated((await apt(work, 'preparation', install(asked, { simulate: true }))).stdout)
  requireOnly(plan, new Set(), 'installation')
  // apt inside may be any program: what it names is believed of packages that were brought.
  const brought = new Set(work.system.packages.map(({ name }) => name))
  const comes = plan.installs.filter((name) => !present.has(name) && brought.has(name))
  const configured = new Set(await remainsInside(work))
  await intend([...new Set([...came, ...comes])], [...new Set([...remains, ...comes.filter((name) => configured.has(name))])])
  await runScripts(work, deed === 'add' ? 'pre-install' : 'pre-upgrade')
  work.step(deed === 'add' ? 'installing packages' : 'upgrading packages')
  const { disposable = false } = work
  await withServices(work, async () => {
    await apt(work, deed === 'add' ? 'installation' : 'upgrade', install(asked, { disposable }))
    if (deed === 'upgrade') await apt(work, 'upgrade', upgrade())
  })
}

function configure(work: Work, phase: Configured): Promise<void> {
  return withServices(work, async () => {
    await runScripts(work, phase)
    await checkHealth(work)
  })
}

async function swept(work: Work, body: () => Promise<void>): Promise<void> {
  try {
    await body()
  } finally {
    await sweep(work).catch(() => undefined)
  }
}

function orTakenBack(
  work: Work,
  { came: before, remains: kept = [], intend }: AddOptions,
  isScripted: () => boolean,
  body: (intend: AddOptions['intend']) => Promise<void>,
): Promise<void> {
  let came = before
  let remains = kept
  return swept(work, async () => {
    try {
      await body((names, configured) => {
        came = names
        remains = configured
        return intend(names, configured)
      })
    } catch (error) {
      if (!(error instanceof InsideFailed)) throw error
      throw await takeBack(work, { came, remains, isScripted: isScripted() }, error)
    }
  })
}

export interface RemoveOptions {
  /** Packages that came with it. */
  readonly came: readonly string[]
  /** Packages that other apps of the VPS asked for. */
  readonly stay: ReadonlySet<string>
  /** Packages of its OS template. */
  readonly ofSystem: ReadonlySet<string>
  /** Its configuration too. */
  readonly purge: boolean
}

/** @returns what came with it and stays, since something else needs it @throws InsideFailed */
export async function removeApp(given: Work, { came, stay, ofSystem, purge }: RemoveOptions): Promise<string[]> {
  const work: Work = { ...given, removal: purge ? 'purge' : 'keep' }
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
    const left = await leftOver(work, ours, ofSystem)
    if (left.length > 0) {
      work.step('removing what would stay for no reason')
      await apt(work, 'removal', remove(left, purge))
    }
    await runScripts(work, 'post-remove')
    await work.inside.run(forgetFailed(), { seconds: 30 }).catch(() => undefined)
    const after = await packagesInside(work)
    return came.filter((name) => after.has(name))
  } finally {
    await sweep(work).catch(() => undefined)
  }
}

/**
 * What came with it and is never removed by itself (apt.conf(5), APT::NeverAutoRemove), though nobody asked for it, needs it or would rather have it. What packages
 * of the system would rather have, they went without before.
 */
async function leftOver(work: Work, ours: ReadonlySet<string>, ofSystem: ReadonlySet<string>): Promise<string[]> {
  const present = await packagesInside(work)
  const ask = async (argv: readonly string[]): Promise<string> => (await must(quietly(work), 'removal', argv)).stdout
  const auto = new Set((await ask(automatic())).split(/\s+/))
  const candidates = [...ours].filter((name) => present.has(name) && auto.has(name))
  if (candidates.length === 0) return []
  const wished = new Set(
    [...parseRecommendations(await ask(recommendations()))].flatMap(([name, wishes]) =>
      ours.has(name) || ofSystem.has(name) ? [] : wishes,
    ),
  )
  const unasked = candidates.filter((name) => !wished.has(name))
  const isFree = async (names: readonly string[]): Promise<boolean> =>
    names.length > 0 && parseSimulated(await ask(remove(names, false, true))).removes.every((name) => ours.has(name))
  if (await isFree(unasked)) return unasked
  const free: string[] = []
  for (const name of unasked) if (await isFree([name])) free.push(name)
  return free
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

interface Brought {
  readonly came: readonly string[]
  readonly remains: readonly string[]
  readonly isScripted: boolean
}

async function takeBack(work: Work, { came, remains, isScripted }: Brought, cause: InsideFailed): Promise<InsideFailed> {
  const said = (state: string, remedy = cause.remedy): InsideFailed =>
    new InsideFailed(cause.phase, `${cause.message}; ${state}`, remedy, { cause })
  if (came.length === 0 && !isScripted) return said('nothing was installed')
  // What was there before stays, and a purge would take that with it.
  const stay = new Set(remains)
  const back: Work = { ...work, signal: undefined, removal: stay.size === 0 ? 'undo' : 'keep' }
  try {
    work.step('taking it back')
    if (isScripted) await runScripts(back, 'pre-remove').catch(() => undefined)
    const present = await packagesInside(back)
    const [had, left] = [true, false].map((was) => came.filter((name) => present.has(name) && stay.has(name) === was))
    if (had?.length) await apt(back, 'taking it back', remove(had, false))
    // Also what only left configuration: purge knows both.
    if (left?.length) await apt(back, 'taking it back', remove(left, true))
    if (isScripted) await runScripts(back, 'post-remove')
    await work.inside.run(forgetFailed(), { seconds: 30 }).catch(() => undefined)
    return said(came.length === 0 ? 'nothing was installed' : 'what had been installed is removed again')
  } catch (error) {
    return said(
      `what was installed could not be removed again (${(error as Error).message})`,
      'put that right inside and run the command again',
    )
  }
}
