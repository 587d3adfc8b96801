/**
 * Where an OCI runtime hands over the listener of each process tree that it starts with a filter: the descriptor by SCM_RIGHTS, and the
 * container's state as JSON. runtime-spec config-linux.md, "The Container Process State".
 */

import { chmodSync, closeSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { incoming, received } from '../descriptors/message.ts'
import { directCalls } from '../libc/direct.ts'

const SYS_RECVMSG = 47
const MSG_DONTWAIT_CLOEXEC = 0x40 | 0x40000000
const EAGAIN = 11
const EINTR = 4
const POLL_MS = 1
/** A runtime sends at once. */
const PATIENCE_MS = 5_000

export interface HandedListener {
  /** The receiver's from here on. */
  readonly fd: number
  /** Id of the container. */
  readonly id: string
}

export interface ListenerSocket extends Disposable {
  /** Resolves when the runtime can connect. */
  readonly ready: Promise<void>
}

/** Listens at `path` (replaced if it is there; only our user may connect). What is not such a message is closed and told to `log`. */
export function receiveListeners(
  path: string,
  onListener: (listener: HandedListener) => void,
  log: (message: string) => void,
): ListenerSocket {
  const recvmsg = directCalls()('long (long number, int socket, _Inout_ void *message, int flags)')
  const take = (socket: Socket, deadline: number): void => {
    const fd = descriptorOf(socket)
    const message = incoming()
    const length = fd < 0 ? 0 : recvmsg(SYS_RECVMSG, fd, message, MSG_DONTWAIT_CLOEXEC)
    if ((length === -EAGAIN || length === -EINTR) && Date.now() < deadline) {
      setTimeout(take, POLL_MS, socket, deadline)
      return
    }
    const { text, descriptors } = length > 0 ? received(message, length) : { text: '', descriptors: [] }
    socket.destroy()
    const [listener, ...others] = descriptors
    for (const other of others) closeSync(other)
    const id = containerIn(text)
    if (listener !== undefined && id !== null) onListener({ fd: listener, id })
    else {
      if (listener !== undefined) closeSync(listener)
      log(`${path}: somebody connected and handed over no listener`)
    }
  }
  // Node must not read: it would throw the descriptor away.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined)
    take(socket, Date.now() + PATIENCE_MS)
  })
  server.on('error', (error) => log(`${path}: ${error.message}`))
  rmSync(path, { force: true })
  const ready = new Promise<void>((resolve) => {
    server.listen(path, () => {
      chmodSync(path, 0o600)
      resolve()
    })
  })
  return { ready, [Symbol.dispose]: () => void server.close() }
}

/** Node tells the number of a socket's descriptor nowhere else. */
function descriptorOf(socket: Socket): number {
  return (socket as Socket & { readonly _handle?: { readonly fd?: number } | null })._handle?.fd ?? -1
}

/** The message may be cut off behind what is wanted: annotations can be long, and come last. */
function containerIn(text: string): string | null {
  try {
    const { state } = JSON.parse(text) as { state?: { id?: unknown } }
    return typeof state?.id === 'string' ? state.id : null
  } catch {
    return /"state":\s*\{[^}]*?"id":\s*"([^"\\]{1,255})"/.exec(text)?.[1] ?? null
  }
}
