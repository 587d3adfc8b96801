/** Reading and writing of the bare descriptors that processes hold the other end of. */

import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { ReadStream } from 'node:tty'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Source {
  pause(): void
  resume(): void
  /** Resolves at end of file, or when closed. */
  readonly finished: Promise<void>
  /** Whether data came, or none was wanted, since this was asked last. */
  stirred(): boolean
  close(): void
}

export interface Sink {
  /** Resolves when more may be written; quietly drops when the reader is gone. */
  write(chunk: Uint8Array): Promise<void>
  end(): void
}

/** The read end of a pipe; the descriptor belongs to the source from now on. */
export function pipeSource(fd: number, onData: (chunk: Buffer) => void): Source {
  return streamSource(new Socket({ fd, readable: true, writable: false }), onData)
}

/** The master of a pty; the descriptor belongs to the source from now on. */
export function ptySource(master: number, onData: (chunk: Buffer) => void): Source {
  return streamSource(new ReadStream(master), onData)
}

function streamSource(stream: Socket, onData: (chunk: Buffer) => void): Source {
  let stirred = true
  let paused = false
  stream.on('data', (chunk) => {
    stirred = true
    onData(chunk)
  })
  // EIO from a pty, ECONNRESET from a pipe: the other side is gone, which 'close' tells too.
  stream.on('error', () => undefined)
  return {
    pause: () => {
      paused = true
      stream.pause()
    },
    resume: () => {
      paused = false
      stirred = true
      stream.resume()
    },
    finished: new Promise((resolve) => stream.once('close', () => resolve())),
    stirred: () => {
      const before = stirred || paused
      stirred = false
      return before
    },
    close: () => stream.destroy(),
  }
}

/** The write end of a pipe; the descriptor belongs to the sink from now on. */
export function pipeSink(fd: number): Sink {
  const socket = new Socket({ fd, readable: false, writable: true })
  socket.on('error', () => undefined)
  return {
    write: (chunk) =>
      new Promise((resolve) => {
        if (socket.destroyed || socket.writableEnded) return resolve()
        // Called too, with an error, when the reader goes away before.
        socket.write(chunk, () => resolve())
      }),
    end: () => socket.end(),
  }
}

/** The master of a pty, for writing; does not own the descriptor. A pty takes no more than a line discipline's buffer at once (EAGAIN). */
export function ptySink(master: number): Sink & { close(): void } {
  let queue: Promise<void> = Promise.resolve()
  let closed = false
  const put = async (chunk: Uint8Array): Promise<void> => {
    let rest = chunk
    while (rest.length > 0 && !closed) {
      try {
        rest = rest.subarray(writeSync(master, rest))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
        await sleep(5)
      }
    }
  }
  return {
    write: (chunk) => (queue = queue.then(() => put(chunk))),
    end: () => undefined,
    close: () => {
      closed = true
    },
  }
}
