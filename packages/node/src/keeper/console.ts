/**
 * The console of one VPS: the pty behind its /dev/console, always read so that init never blocks, kept as scrollback, shown to whoever is
 * attached. A tenant that floods its console is slowed down, not the keeper.
 */

import { closeSync, readSync } from 'node:fs'
import { type Pty, resizePty } from '@insula/kernel'
import { ptySink, ptySource } from './byte-stream.ts'

/** Bytes of scrollback. */
const SCROLLBACK = 64 * 1024
/** Reading stops for the rest of a window when so many bytes came in it: about 2.5 MB/s. */
const WINDOW_BYTES = 256 * 1024
const WINDOW_MS = 100

export interface Console extends Disposable {
  readonly pty: Pty
  scrollback(): Buffer
  write(chunk: Uint8Array): Promise<void>
  resize(cols: number, rows: number): void
  /** Takes what was written up to now: the source hears of it only a moment later. For when the one who wrote has ended. */
  readRest(): void
  /** `output` gets the scrollback first. */
  attach(output: (chunk: Buffer) => void): Disposable
}

export function openConsole(pty: Pty): Console {
  const watchers = new Set<(chunk: Buffer) => void>()
  let kept: Buffer[] = []
  let keptBytes = 0
  let windowBytes = 0
  let window: NodeJS.Timeout | null = null
  let open = true

  const take = (chunk: Buffer): void => {
    kept.push(chunk)
    keptBytes += chunk.length
    while (kept.length > 1 && keptBytes - (kept[0]?.length ?? 0) >= SCROLLBACK) keptBytes -= kept.shift()?.length ?? 0
    for (const watcher of watchers) watcher(chunk)
    windowBytes += chunk.length
    window ??= setTimeout(() => {
      window = null
      windowBytes = 0
      source.resume()
    }, WINDOW_MS)
    if (windowBytes > WINDOW_BYTES) source.pause()
  }
  const source = ptySource(pty.master, take)
  const sink = ptySink(pty.master)
  const scrollback = (): Buffer => {
    const whole = Buffer.concat(kept)
    kept = whole.length === 0 ? [] : [whole]
    return whole.subarray(Math.max(0, whole.length - SCROLLBACK))
  }
  return {
    pty,
    scrollback,
    write: (chunk) => sink.write(chunk),
    resize: (cols, rows) => resizePty(pty.master, cols, rows),
    readRest() {
      const chunk = Buffer.alloc(4096)
      try {
        // While the tenant is slowed down, what comes next is not the next of the stream.
        while (open && windowBytes <= WINDOW_BYTES) {
          const length = readSync(pty.master, chunk)
          if (length === 0) return
          take(Buffer.from(chunk.subarray(0, length)))
        }
      } catch {
        // EAGAIN: that was all.
      }
    },
    attach(output) {
      const before = scrollback()
      if (before.length > 0) output(before)
      watchers.add(output)
      return { [Symbol.dispose]: () => void watchers.delete(output) }
    },
    [Symbol.dispose]() {
      open = false
      if (window) clearTimeout(window)
      sink.close()
      source.close()
      watchers.clear()
      // The source has closed the master.
      closeSync(pty.slave)
    },
  }
}
