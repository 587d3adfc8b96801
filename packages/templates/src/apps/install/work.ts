/** What every step of an installation has at hand, and the small steps that all of them consist of. */

import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { App, AppOnSystem, AppPhase } from '../app.ts'
import { APT_ENV, configureAll, installed, parseInstalled, parseRemains, REPOSITORY, SOURCES_FILE, WORK } from './apt-inside.ts'
import { howItEnded, type Inside, InsideFailed, type InsideOptions, type InsideResult } from './inside.ts'
import { parameterEnv, type Values } from './parameters.ts'
import { type TarFile, tarOf } from './ustar.ts'

export interface VpsFacts {
  readonly id: number
  readonly name: string
  readonly addresses: readonly string[]
}

export interface Work {
  readonly inside: Inside
  readonly app: App
  readonly system: AppOnSystem
  readonly vps: VpsFacts
  readonly values: Values
  /** Where the contents of a file of the app's layer lie. */
  readonly contents: (path: string) => Promise<string | null>
  readonly onLine: (line: string) => void
  readonly step: (step: string) => void
  /** The whole system is thrown away when this fails. */
  readonly disposable?: boolean
  /** What scripts of a removal are to leave. */
  readonly removal?: Removal
  readonly signal?: AbortSignal | undefined
}

/** keep: configuration and data stay. purge: nothing stays. undo: an `add` failed, and what was there before it stays. */
type Removal = 'keep' | 'purge' | 'undo'

/** Installing a database on a busy machine. */
const APT_SECONDS = 1_800

const ENV = { env: APT_ENV, seconds: APT_SECONDS } as const
/** A package manager that still works inside, of the tenant's or of a try that was cut off, is waited for. */
const LOCK_SECONDS = 120

export async function apt(work: Work, phase: string, argv: readonly string[]): Promise<InsideResult> {
  try {
    return await must(work, phase, argv, ENV)
  } catch (error) {
    // What held the lock was killed in the middle.
    if (!(error instanceof InsideFailed) || !/dpkg was interrupted/.test(error.message)) throw error
    await finishOthers(work)
    return must(work, phase, argv, ENV)
  }
}

async function finishOthers(work: Work): Promise<void> {
  const deadline = performance.now() + LOCK_SECONDS * 1_000
  for (;;) {
    work.signal?.throwIfAborted()
    const { code, tail } = await work.inside.run(configureAll(), { ...ENV, onLine: work.onLine })
    if (code === 0 || performance.now() >= deadline || !/locked by another process/.test(tail.join('\n'))) return
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

/** @throws InsideFailed unless it ends with 0 */
export async function must(
  work: Work,
  phase: string,
  argv: readonly string[],
  options: InsideOptions = {},
): Promise<InsideResult> {
  work.signal?.throwIfAborted()
  const seconds = options.seconds ?? 60
  const result = await work.inside.run(argv, { ...options, seconds, onLine: work.onLine })
  if (result.code === 0) return result
  throw new InsideFailed(
    phase,
    `${phase} failed: ${howItEnded(result, seconds)}`,
    remedyFor(result.tail, work.disposable ?? false),
  )
}

function remedyFor(tail: readonly string[], disposable: boolean): string {
  const said = tail.join('\n')
  if (/No space left on device|enough free space|Disk quota exceeded/i.test(said))
    return disposable
      ? 'the volume is full: `insula vzfs df` tells of what'
      : 'its disk is full: free some space inside, or give it more with `insula set VPS --disk`; `insula vzfs df` tells whether the volume is full'
  if (/Could not get lock|Unable to acquire/i.test(said))
    return 'a package manager works inside: wait until it is done, and run the command again'
  if (/held packages|unmet dependencies/i.test(said))
    return 'packages inside are held or half removed: put that right with apt inside, and run the command again'
  return 'put that right, or choose other values with --set, and run the command again; `insula task show` has all that was said'
}

/** For lists of hundreds of lines, which nobody wants in the log. */
export const quietly = (work: Work): Work => ({ ...work, onLine: () => undefined })

/** What a try that was cut off has left goes first. */
export async function bring(work: Work): Promise<void> {
  const { app, system, contents } = work
  work.step('bringing packages')
  await sweep(work)
  await must(work, 'preparation', ['mkdir', '-p', '-m', '0700', WORK])
  const isDebian = system.packageManager === undefined
  const files: TarFile[] = isDebian ? [text('sources.list', SOURCES_FILE)] : []
  for (const { name, size } of [
    ...system.packages.map((one) => ({ name: one.file, size: one.size })),
    ...(isDebian ? [{ name: 'Packages', size: null }] : []),
  ]) {
    const from = await contents(`${system.os}/${name}`)
    if (from === null) throw new InsideFailed('preparation', `${name} is missing in app ${app.ref}`, 'run `insula vzfs check`')
    const there = await sizeOf(from)
    if (there === null || there !== (size ?? there))
      throw new InsideFailed(
        'preparation',
        `${name} of app ${app.ref} is damaged: ${there === null ? 'its contents are gone' : `it has ${there} bytes in place of ${size}`}`,
        `run \`insula vzfs check --deep\`; then build the app anew: insula template build ${app.name}`,
      )
    files.push({ name: `archive/${name}`, mode: 0o644, from, size: there })
  }
  await unpack(work, 'preparation', files, WORK)
  await must(work, 'preparation', ['mkdir', '-p', `${WORK}/lists/partial`, `${WORK}/cache/archives/partial`, REPOSITORY])
}

export async function unpack(work: Work, phase: string, files: readonly TarFile[], into: string): Promise<void> {
  // BusyBox's tar, too, knows the short ones; what is there already goes first, where that may be.
  const unlink = work.system.packageManager === undefined ? ['--unlink-first'] : []
  const argv = ['tar', '-x', '-o', ...unlink, '-f', '-', '-C', into]
  await must(work, phase, argv, { input: Readable.from(tarOf(files)), seconds: 600 })
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return null
  }
}

export const text = (name: string, contents: string, mode = 0o644): TarFile => {
  const from = Buffer.from(contents)
  return { name, mode, size: from.length, from }
}

export const sweep = (work: Pick<Work, 'inside'>): Promise<unknown> => work.inside.run(['rm', '-rf', WORK], { seconds: 60 })

/** Packages by name. What was left half done is finished first, as far as it can be. */
export async function packagesInside(work: Work): Promise<ReturnType<typeof parseInstalled>> {
  const look = async () => parseInstalled((await must(quietly(work), 'preparation', installed())).stdout)
  const before = await look()
  if ([...before.values()].every(({ whole }) => whole)) return before
  await finishOthers(work)
  return look()
}

/** Packages that have been removed, but not purged. */
export const remainsInside = async (work: Work): Promise<string[]> =>
  parseRemains((await must(quietly(work), 'preparation', installed())).stdout)

/** All scripts of a phase, in their order. @throws InsideFailed */
export async function runScripts(work: Work, phase: AppPhase): Promise<void> {
  const scripts = work.app.scripts.filter((script) => script.phase === phase)
  for (const { name, contents, seconds } of scripts) {
    work.step(`${phase}: ${name}`)
    await must(work, 'preparation', ['mkdir', '-p', '-m', '0700', WORK])
    await unpack(work, phase, [text('script', contents, 0o700)], WORK)
    await must(work, `${phase} (${name})`, [`${WORK}/script`], { env: scriptEnv(work), seconds })
  }
}

const scriptEnv = ({ app, vps, values, removal }: Work): Record<string, string> => ({
  DEBIAN_FRONTEND: 'noninteractive',
  INSULA_VPS_NAME: vps.name,
  INSULA_VPS_ID: `${vps.id}`,
  INSULA_ADDRESSES: vps.addresses.join(' '),
  INSULA_APP: app.name,
  INSULA_VERSION: app.version,
  ...(removal === undefined ? {} : { INSULA_REMOVAL: removal }),
  ...parameterEnv(values),
})

/** @throws InsideFailed */
export async function checkHealth(work: Work): Promise<void> {
  const { health } = work.app
  if (health === null) return
  for (let attempt = 1; ; attempt++) {
    work.step(`health check${attempt === 1 ? '' : `, attempt ${attempt}`}`)
    work.signal?.throwIfAborted()
    const result = await work.inside.run(health.command, { env: scriptEnv(work), seconds: health.seconds, onLine: work.onLine })
    if (result.code === 0) return
    if (attempt >= health.attempts)
      throw new InsideFailed(
        'health check',
        `the health check failed ${attempt} times: ${howItEnded(result, health.seconds)}`,
        'look at its services inside; the packages are installed',
      )
    await new Promise((resolve) => setTimeout(resolve, health.everySeconds * 1_000))
  }
}
