/** One command run inside a VPS: bytes both ways, each side waiting for the other, until it has ended. */

import type { Readable, Writable } from 'node:stream'
import type { ApiError, ExecOpen, ExecServerMessage, SessionClientMessage } from '@insula/contract/light'
import type { ClientSocket } from '../transport/websocket.ts'

/** Made when first used: many commands neither read nor print. */
export interface SessionStreams {
  /** null: there is nothing to read. */
  readonly stdin: () => Readable | null
  readonly stdout: () => Writable
  readonly stderr: () => Writable
}

export type Ended =
  | { readonly code: number; readonly reason?: string | undefined }
  | { readonly signal: string; readonly number: number }

export interface ExecSession {
  /** @throws ApiFailure when the command did not run, or nobody can say how it ended */
  readonly ended: Promise<Ended>
  tell(message: SessionClientMessage): void
  /** Leaves the command, which is then ended by the node. */
  close(): void
}

/** As Channel of the contract, which is not loaded for two numbers. */
const STDIN = 0
const STDERR = 2

export function execSession(socket: ClientSocket, open: ExecOpen, streams: SessionStreams): ExecSession {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  const sink = writer(socket)
  let stdin: Readable | null = null
  let over = false
  const finish = (settle: () => void) => {
    over = true
    stdin?.pause()
    settle()
  }

  socket.onMessage = (message) => {
    if (over) return
    if (typeof message !== 'string') {
      sink(message[0] === STDERR ? streams.stderr() : streams.stdout(), message.subarray(1))
      return
    }
    const said = JSON.parse(message) as ExecServerMessage
    if (said.type === 'exit') finish(() => resolve('signal' in said ? { signal: said.signal, number: said.number } : said))
    if (said.type === 'error') finish(() => void failure(said.error).then(reject))
  }
  socket.onClose = () => {
    if (over) return
    finish(() => void failure(CUT_OFF).then(reject))
  }
  socket.sendText(JSON.stringify(open))

  // Setting up stdin takes a while; the node starts the command meanwhile.
  setImmediate(() => {
    if (over) return
    stdin = streams.stdin()
    if (stdin === null) socket.sendText(EOF)
    else forward(stdin, socket)
  })
  return { ended: promise, tell: (message) => socket.sendText(JSON.stringify(message)), close: () => socket.close() }
}

const EOF = JSON.stringify({ type: 'eof' } satisfies SessionClientMessage)

const CUT_OFF = {
  code: 'unavailable',
  message: 'insulad ended the connection before the command had ended',
  remedy: 'whether the command still runs can be seen with `insula exec VPS ps`; insulad may just have been restarted',
} as const

/** Writes what arrives; while a stream has too much to take, nothing more is read from the socket. */
export function writer(socket: Pick<ClientSocket, 'pause' | 'resume'>): (stream: Writable, bytes: Uint8Array) => void {
  const full = new Set<Writable>()
  return (stream, bytes) => {
    if (bytes.length === 0 || stream.write(bytes) || full.has(stream)) return
    full.add(stream)
    socket.pause()
    stream.once('drain', () => {
      full.delete(stream)
      if (full.size === 0) socket.resume()
    })
  }
}

/** Sends stdin to its end; while the socket has too much to take, stdin waits. */
function forward(stdin: Readable, socket: ClientSocket): void {
  const end = () => socket.sendText(EOF)
  socket.onDrain = () => void stdin.resume()
  stdin.on('data', (chunk: Buffer) => {
    if (!socket.sendBinary(STDIN, chunk)) stdin.pause()
  })
  // A directory or a terminal that went away has nothing more to read.
  stdin.once('end', end).once('error', end)
}

async function failure(error: { readonly code: 'unavailable'; readonly message: string } | ApiError) {
  const { ApiFailure } = await import('@insula/contract/api-failure')
  return new ApiFailure(error)
}
