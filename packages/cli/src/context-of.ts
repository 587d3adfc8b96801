/** The context of a command in a process. */

import { resolve } from 'node:path'
import { API_SOCKET_ENV, localSocketPath } from '@insula/contract/paths'
import type { Context } from './context.ts'
import type { OwnProcess } from './own-process.ts'
import { shown } from './shown.ts'

export function contextOf(own: OwnProcess, instance: string): Context {
  const { stdout, stderr, flush } = own.output
  const socketPath = resolve(own.env[API_SOCKET_ENV] || localSocketPath(instance))
  return {
    instance,
    socketPath,
    env: own.env,
    terminal: own.terminal,
    get width() {
      return own.width
    },
    stdout,
    stderr,
    print: (text) => void stdout().write(shown(`${text}\n`)),
    note: (text) => void stderr().write(shown(`${text}\n`)),
    draw: (text) => void stderr().write(text),
    client: once(async () => (await import('./transport/local-client.ts')).localClient({ socketPath, instance })),
    leaveDirectory: own.leaveDirectory,
    flush,
  }
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
