/**
 * What comes first from a command may be the runtime's: it writes why it cannot run the command to the command's own stderr, before it
 * writes the same into its log. So the first output waits until the command was seen running, or the runtime has ended.
 */

import { stripVTControlCharacters } from 'node:util'

export interface FirstWords {
  take(chunk: Buffer): void
  /** They are the command's. */
  release(): void
  /** Drops them if they are that message. */
  releaseUnless(message: string): void
  /** They are the runtime's. */
  drop(): void
}

const LOOK_MS = 5
/** More than any message. */
const MOST_HELD = 256 * 1024

/** @param begun whether the command was seen running */
export function firstWords(begun: () => boolean, out: (chunk: Buffer) => void): FirstWords {
  let held: Buffer[] | null = []
  let timer: NodeJS.Timeout | undefined
  const release = (): void => {
    clearInterval(timer)
    const chunks = held ?? []
    held = null
    chunks.forEach(out)
  }
  const look = (): void => {
    if (begun()) release()
  }
  return {
    take: (chunk) => {
      if (held === null) return out(chunk)
      held.push(chunk)
      if (begun() || held.reduce((sum, { length }) => sum + length, 0) > MOST_HELD) return release()
      timer ??= setInterval(look, LOOK_MS).unref()
    },
    release,
    releaseUnless: (message) => {
      // On a terminal it is coloured.
      const said = stripVTControlCharacters(Buffer.concat(held ?? []).toString()).trim()
      if (held !== null && said === message.trim()) held = []
      release()
    },
    drop: () => {
      if (held !== null) held = []
      release()
    },
  }
}
