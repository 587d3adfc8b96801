/** The context of a real process. Streams are touched only when used: each costs a millisecond or more to set up. */

import { isatty } from 'node:tty'
import { API_SOCKET_ENV, localSocketPath } from '@insula/contract/paths'
import type { Context } from './context.ts'

/** As if SIGPIPE had ended it, which is what the shell expects of a tool whose reader went away. */
export const BROKEN_PIPE_EXIT = 141

export function processContext(instance: string): Context {
  const used = new Set<NodeJS.WriteStream>()
  const opened = (stream: NodeJS.WriteStream) => {
    used.add(stream)
    return quietOnBrokenPipe(stream)
  }
  const stdout = once(() => opened(process.stdout))
  const stderr = once(() => opened(process.stderr))
  const socketPath = process.env[API_SOCKET_ENV] || localSocketPath(instance)
  return {
    instance,
    socketPath,
    env: process.env,
    terminal: {
      get stdin() {
        return isatty(0)
      },
      get stdout() {
        return isatty(1)
      },
      get stderr() {
        return isatty(2)
      },
    },
    get width() {
      return isatty(1) ? process.stdout.columns : null
    },
    print: (text) => void stdout().write(`${text}\n`),
    note: (text) => void stderr().write(`${text}\n`),
    draw: (text) => void stderr().write(text),
    client: once(async () => (await import('./transport/local-client.ts')).localClient({ socketPath, instance })),
    flush: async () => {
      for (const stream of used) {
        if (stream.writableLength > 0) await new Promise<void>((resolve) => stream.write('', () => resolve()))
      }
    },
  }
}

function quietOnBrokenPipe(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(BROKEN_PIPE_EXIT)
    throw error
  })
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
