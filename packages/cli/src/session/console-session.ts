/** Attached to the console of a VPS: bytes both ways until the VPS stops, the user detaches, or insulad stays away for too long. */

import type { Writable } from 'node:stream'
import type { ConsoleServerMessage } from '@insula/contract/light'
import type { ClientSocket } from '../transport/websocket.ts'
import { writer } from './exec-session.ts'
import type { TerminalSize } from './terminal.ts'

export type ConsoleEnd = 'stopped' | 'detached' | 'lost'

export interface ConsoleView {
  readonly ended: Promise<ConsoleEnd>
  send(bytes: Uint8Array): boolean
  resize(size: TerminalSize): void
  detach(): void
}

const STDIN = 0

/**
 * `filter` sees each chunk of output before it is written. The node's first bytes, which may be none, tell that it has opened the console:
 * `opened` is called before they are written.
 */
export function viewConsole(
  socket: ClientSocket,
  size: TerminalSize | null,
  stdout: Writable,
  filter: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
  opened: () => void = () => undefined,
): ConsoleView {
  const { promise, resolve, reject } = Promise.withResolvers<ConsoleEnd>()
  const write = writer(socket)
  let open = false
  socket.onMessage = (message) => {
    if (typeof message !== 'string') {
      if (!open) opened()
      open = true
      return write(stdout, filter(message.subarray(1)))
    }
    const said = JSON.parse(message) as ConsoleServerMessage
    if (said.type === 'end') resolve('stopped')
    else void import('@insula/contract/api-failure').then(({ ApiFailure }) => reject(new ApiFailure(said.error)))
  }
  socket.onClose = () => resolve('lost')
  socket.sendText(JSON.stringify(size ?? {}))
  return {
    ended: promise,
    send: (bytes) => socket.sendBinary(STDIN, bytes),
    resize: (next) => socket.sendText(JSON.stringify({ type: 'resize', ...next })),
    detach: () => {
      resolve('detached')
      socket.close()
    },
  }
}
