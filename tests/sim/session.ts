/** exec and console over their WebSockets, as a client sees them. */

import { once } from 'node:events'
import { WebSocket } from 'ws'
import { Channel, frame, unframe } from '@insula/contract'

export interface Session {
  readonly socket: WebSocket
  readonly stdout: Buffer[]
  readonly stderr: Buffer[]
  readonly messages: Record<string, unknown>[]
  readonly closed: Promise<number>
  type(text: string): void
}

/** @param first sent when the socket is open; a string is sent as it is */
export function openSession(apiSocket: string, kind: 'exec' | 'console', vps: string, first: unknown): Session {
  const socket = new WebSocket(`ws+unix://${apiSocket}:/v1/vps/${vps}/${kind}`)
  const session = { socket, stdout: [] as Buffer[], stderr: [] as Buffer[], messages: [] as Record<string, unknown>[] }
  socket.on('open', () => socket.send(typeof first === 'string' ? first : JSON.stringify(first)))
  socket.on('message', (data: Buffer, isBinary) => {
    const part = isBinary ? unframe(data) : null
    if (!isBinary) session.messages.push(JSON.parse(data.toString()) as Record<string, unknown>)
    if (part) (part.channel === Channel.stderr ? session.stderr : session.stdout).push(Buffer.from(part.payload))
  })
  return {
    ...session,
    closed: once(socket, 'close').then(([code]) => code as number),
    type: (text) => socket.send(frame(Channel.stdin, Buffer.from(text))),
  }
}

export const textOf = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString()
