/** The harness's side of the machine's port: commands that run in the machine. */

import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { decoder, encode, type ToGuest, toHost } from './messages.ts'

export interface Remote {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly terminal?: { readonly columns: number; readonly rows: number }
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => void
}

export interface RemoteCommand {
  /** @throws MachineGone when the machine is reset or ends first */
  readonly ended: Promise<number>
  input(data: Buffer | null): void
  resize(columns: number, rows: number): void
  kill(): void
}

export interface Channel {
  /** Resolves at the next `ready` of the agent in the machine. */
  ready(): Promise<void>
  run(command: Remote): RemoteCommand
  close(): void
}

export class MachineGone extends Error {
  override readonly name = 'MachineGone'
}

/** QEMU makes the socket within a moment of its start. */
const CONNECT_MS = 10_000

export async function openChannel(path: string): Promise<Channel> {
  const socket = await connected(path)
  const running = new Map<number, { readonly onOutput: Remote['onOutput']; end(code: number): void; gone(why: string): void }>()
  let waiting: (() => void)[] = []
  let last = 0
  const allGone = (why: string): void => {
    for (const { gone } of running.values()) gone(why)
    running.clear()
  }
  const send = (message: ToGuest): void => void socket.write(encode(message))
  const take = decoder((line) => {
    const message = toHost(line)
    if (message.kind === 'ready') {
      allGone('it was started anew')
      for (const resolve of waiting) resolve()
      waiting = []
    } else if (message.kind === 'output') {
      running.get(message.id)?.onOutput(message.stream, Buffer.from(message.data, 'base64'))
    } else {
      running.get(message.id)?.end(message.code)
      running.delete(message.id)
    }
  })
  socket.on('data', take)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => allGone('QEMU has ended'))
  return {
    ready: () => new Promise((resolve) => waiting.push(resolve)),
    run({ onOutput, ...command }) {
      const id = ++last
      const ended = new Promise<number>((resolve, reject) => {
        const gone = (why: string): void =>
          reject(new MachineGone(`the machine is gone while ${command.argv.join(' ')} ran in it: ${why}`))
        if (socket.destroyed) gone('QEMU has ended')
        else running.set(id, { onOutput, end: resolve, gone })
      })
      send({ kind: 'run', id, ...command })
      return {
        ended,
        input: (data) => send({ kind: 'input', id, ...(data === null ? {} : { data: data.toString('base64') }) }),
        resize: (columns, rows) => send({ kind: 'resize', id, columns, rows }),
        kill: () => send({ kind: 'kill', id }),
      }
    },
    close: () => socket.destroy(),
  }
}

async function connected(path: string): Promise<Socket> {
  for (const deadline = Date.now() + CONNECT_MS; ; await sleep(20)) {
    const socket = connect(path)
    const error = await new Promise<Error | null>((resolve) => {
      socket.once('connect', () => resolve(null))
      socket.once('error', resolve)
    })
    if (error === null) return socket
    if (Date.now() > deadline) throw new Error(`QEMU does not open ${path}: ${error.message}`, { cause: error })
  }
}
