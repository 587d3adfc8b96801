/** Watches the keys of a console for the sequence that detaches from it. What may be its beginning is held back until it is known. */

import { UsageError } from '../command.ts'

export const DEFAULT_DETACH_KEYS = 'ctrl-],.'

export interface DetachWatcher {
  /** The bytes to pass on; `detached` once the sequence is complete, and nothing after it counts. */
  feed(bytes: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean }
}

export function detachWatcher(sequence: Uint8Array): DetachWatcher {
  let matched = 0
  return {
    feed: (bytes) => {
      const pass: number[] = []
      for (const byte of bytes) {
        while (matched > 0 && byte !== sequence[matched]) {
          // What was held back was typed after all, but for its longest tail that begins the sequence again.
          const held = sequence.subarray(0, matched)
          matched = longestBorder(held)
          pass.push(...held.subarray(0, held.length - matched))
        }
        if (byte !== sequence[matched]) {
          pass.push(byte)
          continue
        }
        matched++
        if (matched === sequence.length) return { pass: Uint8Array.from(pass), detached: true }
      }
      return { pass: Uint8Array.from(pass), detached: false }
    },
  }
}

/** Length of the longest proper prefix that is also a suffix. */
function longestBorder(bytes: Uint8Array): number {
  for (let length = bytes.length - 1; length > 0; length--) {
    if (bytes.subarray(0, length).every((byte, at) => byte === bytes[bytes.length - length + at])) return length
  }
  return 0
}

/** "ctrl-],." or "ctrl-p,ctrl-q": keys joined by commas, each a character or ctrl- and a character. */
export function detachKeys(text: string): Uint8Array {
  const keys = text.split(',').map((key) => {
    const control = /^(?:ctrl-|\^)([@-_a-z])$/i.exec(key)
    if (control !== null) return (control[1] as string).toUpperCase().charCodeAt(0) & 0x1f
    if (/^[\u0020-\u007E]$/.test(key)) return key.charCodeAt(0)
    throw new UsageError(`takes keys joined by commas, such as ctrl-],. or ctrl-p,ctrl-q, not '${text}'`)
  })
  return Uint8Array.from(keys)
}
