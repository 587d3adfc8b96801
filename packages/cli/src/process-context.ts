/** The context of a real process. */

import { resolve } from 'node:path'
import { isatty } from 'node:tty'
import { API_SOCKET_ENV, localSocketPath } from '@insula/contract/paths'
import type { Context } from './context.ts'
import type { OwnOutput } from './own-output.ts'
import { shown } from './shown.ts'

export function processContext(instance: string, { stdout, stderr, flush }: OwnOutput): Context {
  const socketPath = resolve(process.env[API_SOCKET_ENV] || localSocketPath(instance))
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
    stdout,
    stderr,
    print: (text) => void stdout().write(shown(`${text}\n`)),
    note: (text) => void stderr().write(shown(`${text}\n`)),
    draw: (text) => void stderr().write(text),
    client: once(async () => (await import('./transport/local-client.ts')).localClient({ socketPath, instance })),
    leaveDirectory: () => process.chdir('/'),
    flush,
  }
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
