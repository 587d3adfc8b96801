/**
 * Shared layers with applications installed: one for each combination of an OS version and an ordered set of application versions, built once, whoever asks,
 * and deleted when nobody uses it.
 */

import { createHash } from 'node:crypto'
import type { Inside } from '@insula/templates'
import { LayerInUse, type Vzfs } from '@insula/vzfs'
import { inWorkshop } from '../life/workshop.ts'
import type { Means } from '../means.ts'
import type { ShelvedTemplate } from '../template-shelf.ts'

export interface Combination {
  readonly template: Pick<ShelvedTemplate, 'ref' | 'layers'>
  /** Versions, in the order in which they are installed. */
  readonly apps: readonly string[]
}

/** What came with each version: names of packages that were not there before. */
export type Came = Readonly<Record<string, readonly string[]>>

/** Installs versions of applications in a VPS that is held up for that. @throws when it cannot */
export type Install = (inside: Inside, apps: readonly string[]) => Promise<Came>

export interface Work {
  readonly signal: AbortSignal
  log(text: string): void
}

export interface Stacks {
  /** What is being built, by layer. */
  readonly building: Map<string, Promise<void>>
  /** How many are about to use a layer. */
  readonly held: Map<string, number>
}

export const openStacks = (): Stacks => ({ building: new Map(), held: new Map() })

export function stackName({ template, apps }: Combination): string {
  const digest = createHash('sha256').update(JSON.stringify([template.ref, ...apps]))
  return `stack-${digest.digest('hex').slice(0, 12)}`
}

/** What each package manager leaves of its own work, and what the node places: of no use to whoever gets the stack, and in the way of what he has. */
const WITHOUT = [
  '/etc/hostname',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/.pwd.lock',
  // A key that a package makes for this machine alone: an app's script makes it in each VPS.
  '/etc/ssl/certs/ssl-cert-snakeoil.pem',
  '/etc/ssl/private/ssl-cert-snakeoil.key',
  '/usr/sbin/policy-rc.d',
  '/tmp',
  '/var/tmp',
  '/var/cache/apt',
  '/var/cache/ldconfig',
  '/var/lib/apt/lists',
  '/var/lib/insula',
  '/var/log/alternatives.log',
  '/var/log/apt',
  '/var/log/dpkg.log',
]

/**
 * Runs body with the layers of a combination, top first, which stay for that long; the stack among them is built before if nobody has it. Without apps they are
 * those of the template.
 */
export async function withStack<T>(
  means: Means,
  combination: Combination,
  install: Install,
  work: Work,
  body: (layers: readonly string[], came: Came) => Promise<T>,
): Promise<T> {
  const { template, apps } = combination
  if (apps.length === 0) return body(template.layers, {})
  const name = stackName(combination)
  const { held } = means.stacks
  held.set(name, (held.get(name) ?? 0) + 1)
  try {
    await built(means, name, combination, install, work)
    return await body([name, ...template.layers], (await stackOf(means.vzfs, name))?.came ?? {})
  } finally {
    const left = (held.get(name) ?? 1) - 1
    if (left === 0) held.delete(name)
    else held.set(name, left)
  }
}

async function built(means: Means, name: string, combination: Combination, install: Install, work: Work): Promise<void> {
  const { vzfs, stacks } = means
  for (;;) {
    work.signal.throwIfAborted()
    const other = stacks.building.get(name)
    if (other !== undefined) {
      work.log(`${name} is being built by another task`)
      // What that is told to stop, or fails at, is tried again.
      await Promise.race([other.catch(() => undefined), aborted(work.signal)])
      continue
    }
    if ((await vzfs.layers.show(name)) !== null) return
    if (!stacks.building.has(name)) break
  }
  const build = buildStack(means, name, combination, install, work)
  stacks.building.set(name, build)
  try {
    await build
  } finally {
    stacks.building.delete(name)
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined)
  if (signal.aborted) reject(signal.reason as Error)
  else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  return promise
}

async function buildStack(
  means: Means,
  name: string,
  { template, apps }: Combination,
  install: Install,
  { signal, log }: Work,
): Promise<void> {
  const doing = `cannot build the shared layer of ${apps.join(', ')} on ${template.ref}`
  let came: Came = {}
  const { files, bytes, newPoolBytes } = await inWorkshop(
    means,
    { doing, template: template.ref, layers: template.layers },
    signal,
    async (inside) => void (came = await install(inside, apps)),
    (area) => {
      const manifest: StackManifest = { kind: 'stack', os: template.ref, apps, came }
      return means.vzfs.layerFromArea(area, name, { manifest, without: WITHOUT, signal })
    },
  )
  log(`${name}: ${files} files with ${bytes} bytes, of which the pool did not have ${newPoolBytes}`)
}

interface StackManifest {
  readonly kind: 'stack'
  readonly os: string
  readonly apps: readonly string[]
  readonly came: Came
}

/** Of a stack; null: the layer is none. */
export async function stackOf(vzfs: Pick<Vzfs, 'layers'>, layer: string): Promise<StackManifest | null> {
  const manifest = (await vzfs.layers.manifest(layer)) as Partial<StackManifest> | null
  if (manifest?.kind !== 'stack') return null
  const { os = '', apps = [], came = {} } = manifest
  return { kind: 'stack', os, apps, came }
}

/** The one among the layers of a VPS. */
export async function stackBelow(vzfs: Pick<Vzfs, 'layers'>, layers: readonly string[]): Promise<StackManifest | null> {
  for (const layer of layers) {
    const found = await stackOf(vzfs, layer)
    if (found !== null) return found
  }
  return null
}

export interface UnusedStack extends Pick<StackManifest, 'os' | 'apps'> {
  /** Of its layer. */
  readonly name: string
}

/** Those that no VPS and no snapshot uses. */
export async function unusedStacks({ vzfs, stacks }: Pick<Means, 'vzfs' | 'stacks'>): Promise<UnusedStack[]> {
  const used = new Set<string>(stacks.held.keys())
  for (const { id, layers } of await vzfs.areas.list())
    for (const one of [{ layers }, ...(await vzfs.snapshots.list(id))]) for (const layer of one.layers) used.add(layer)
  const unused: UnusedStack[] = []
  for (const { name } of await vzfs.layers.list()) {
    const stack = used.has(name) ? null : await stackOf(vzfs, name)
    if (stack !== null) unused.push({ name, os: stack.os, apps: stack.apps })
  }
  return unused
}

/** Those that no VPS and no snapshot uses go. */
export async function collectStacks({ vzfs, stacks }: Pick<Means, 'vzfs' | 'stacks'>): Promise<UnusedStack[]> {
  const gone: UnusedStack[] = []
  for (const { name } of await vzfs.layers.list()) {
    const stack = stacks.held.has(name) ? null : await stackOf(vzfs, name)
    if (stack === null || stacks.held.has(name)) continue
    try {
      await vzfs.layers.remove(name)
      gone.push({ name, os: stack.os, apps: stack.apps })
    } catch (error) {
      if (!(error instanceof LayerInUse)) throw error
    }
  }
  return gone
}
