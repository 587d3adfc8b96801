/**
 * Who is served next. In each round every VPS that calls, or reads, gets one answer, however many of its processes call; one that calls more often than any
 * software has reason to waits, and costs the node no more than its share of one CPU.
 */

import type { Call, Listeners, Ready } from '@insula/kernel'
import { ORDERS_KEY } from './wire.ts'

export interface RoundMeans {
  readonly listeners: Listeners
  /** Which VPS a listener belongs to. */
  readonly vpsOf: (key: number) => string
  /** Answers it. Must not throw. */
  readonly handle: (call: Call) => void
  /** Serves one request of the file with this key. Must not throw. */
  readonly serveFile: (key: number) => void
  /** Milliseconds, never going back. */
  readonly now: () => number
}

export interface Rounds {
  /** Serves what is ready: one call of each VPS. */
  serve(ready: readonly Ready[]): void
  /** How long to wait for what comes next; -1 without end. */
  patience(): number
  /** Its listener is gone. */
  forget(key: number): void
}

/** Calls in a second, and calls at once after a pause. */
export const RATE = 5_000
export const BURST = 1_000
/** A VPS that has used up its share goes on when it may make so many calls again. */
const REFILL = 100

interface Share {
  left: number
  at: number
}

export function openRounds({ listeners, vpsOf, handle, serveFile, now }: RoundMeans): Rounds {
  const shares = new Map<string, Share>()
  /** Listeners that are paused, by VPS. */
  const paused = new Map<string, Set<number>>()

  const shareOf = (vps: string): Share => {
    const time = now()
    const share = shares.get(vps) ?? { left: BURST, at: time }
    shares.set(vps, share)
    share.left = Math.min(BURST, share.left + ((time - share.at) * RATE) / 1_000)
    share.at = time
    return share
  }
  const goOn = (): void => {
    for (const [vps, keys] of paused) {
      if (shareOf(vps).left < REFILL) continue
      paused.delete(vps)
      for (const key of keys) listeners.pause(key, false)
    }
  }
  const serveOne = (key: number, what: Ready['what']): void => {
    if (what === 'input') return serveFile(key)
    const call = listeners.receive(key)
    if (call) handle(call)
  }
  return {
    serve(ready) {
      const served = new Set<string>()
      for (const { key, what } of ready) {
        if (what === 'ended' || key === ORDERS_KEY) continue
        const vps = vpsOf(key)
        if (served.has(vps)) continue
        const share = shareOf(vps)
        if (share.left < 1) {
          listeners.pause(key, true)
          paused.set(vps, (paused.get(vps) ?? new Set()).add(key))
          continue
        }
        served.add(vps)
        const since = now()
        serveOne(key, what)
        // What takes longer than a call's share of the time counts for more.
        share.left -= Math.max(1, ((now() - since) * RATE) / 1_000)
      }
      goOn()
    },
    patience() {
      goOn()
      const waits = [...paused.keys()].map((vps) => Math.ceil(((REFILL - shareOf(vps).left) * 1_000) / RATE))
      return waits.length === 0 ? -1 : Math.max(1, Math.min(...waits))
    },
    forget(key) {
      for (const [vps, keys] of paused) {
        keys.delete(key)
        if (keys.size === 0) paused.delete(vps)
      }
      const vps = vpsOf(key)
      // A full share is what a new one would have.
      if (shareOf(vps).left >= BURST) shares.delete(vps)
    },
  }
}
