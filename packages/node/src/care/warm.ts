/**
 * Hot files of templates are read ahead by this process, whose cgroup is the node's: a page is charged to whoever reads it first, and tenants shall not
 * pay for what all share. What is hot is learned while VPSs run. Never when memory is short: then the pages of others would go for it.
 */

import { readFile } from 'node:fs/promises'
import { freemem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'

export interface Warming extends AsyncDisposable {
  /** Reads ahead for a VPS that starts, unless its layers are in use or were a short while ago: then their pages are there. */
  before(vps: Placed): Promise<void>
}

/** Layers of another volume are other files. */
export type Placed = Pick<VpsRecord, 'volume' | 'layers'>

const DEFAULT_BYTES = 256 * 1024 ** 2
const LEARN_EVERY_MS = 10 * 60_000
/** So long after their last use pages are taken to be in RAM still. To look takes a tenth of a second. */
const STILL_THERE_MS = 2 * LEARN_EVERY_MS
/** Of what is free, so much is used at most. */
const PART_OF_FREE = 0.25
/** A slow disk holds no start up for longer. */
const MOST_WAIT_MS = 2_000
/** Per cent of the last ten seconds in which something waited for memory. */
const MOST_PRESSURE = 1

export interface WarmingNeed extends Pick<Means, 'log'> {
  readonly vzfs: Pick<Means['vzfs'], 'readAhead' | 'learn'>
  readonly inventory: Pick<Means['inventory'], 'all'>
  readonly config: Pick<Means['config'], 'readAhead'>
}

/** Of the machine. */
export interface Memory {
  /** Bytes. */
  free(): number
  /** Others wait for it. */
  isShort(): Promise<boolean>
}

export function openWarming(
  { vzfs, inventory, config, log }: WarmingNeed,
  /** Milliseconds, never going back. */
  now: () => number = () => performance.now(),
  memory: Memory = { free: freemem, isShort },
): Warming {
  const budget = config.readAhead ?? DEFAULT_BYTES
  const inUse = (): Placed[] => {
    const layers = new Map<string, Set<string>>()
    for (const vps of inventory.all())
      if (vps.state === 'running' || vps.state === 'suspended')
        layers.set(vps.volume, new Set([...(layers.get(vps.volume) ?? []), ...vps.layers]))
    return [...layers].map(([volume, names]) => ({ volume, layers: [...names] }))
  }
  /** When each layer was last known to be in use. */
  const seen = new Map<string, number>()
  const keyOf = (volume: string, layer: string): string => `${volume} ${layer}`
  const see = ({ volume, layers }: Placed): void => {
    for (const layer of layers) seen.set(keyOf(volume, layer), now())
  }
  let last: Promise<unknown> = Promise.resolve()
  const after = (body: () => Promise<unknown>): void => {
    last = last.then(body).catch((error: unknown) => log('files of templates could not be read ahead', error))
  }
  const readAhead = async ({ volume, layers }: Placed): Promise<void> => {
    if (layers.length === 0 || (await memory.isShort())) return
    await vzfs.readAhead(volume, layers, Math.min(budget, Math.floor(memory.free() * PART_OF_FREE)))
  }
  if (budget > 0) for (const one of inUse()) after(() => readAhead(one))
  const timer = setInterval(() => {
    for (const one of inUse()) {
      see(one)
      after(() => vzfs.learn(one.volume, one.layers))
    }
  }, LEARN_EVERY_MS).unref()
  return {
    async before({ volume, layers }) {
      inUse().forEach(see)
      const cold = layers.filter((layer) => now() - (seen.get(keyOf(volume, layer)) ?? -Infinity) > STILL_THERE_MS)
      see({ volume, layers })
      if (budget === 0 || cold.length === 0) return
      after(() => readAhead({ volume, layers: cold }))
      await Promise.race([last, sleep(MOST_WAIT_MS, undefined, { ref: false })])
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await last
    },
  }
}

/** psi: /proc/pressure/memory. Kernels without it tell nothing, and what is free is the only bound. */
async function isShort(): Promise<boolean> {
  const text = await readFile('/proc/pressure/memory', 'utf8').catch(() => '')
  return Number(/^some avg10=([\d.]+)/m.exec(text)?.[1] ?? 0) > MOST_PRESSURE
}
