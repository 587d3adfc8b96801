/** The fake node's end of exec and console. Commands are these few, each by what it does to its streams. */

import type { RawData, WebSocket } from 'ws'
import { Channel, ExecOpen, type ExecServerMessage, SessionClientMessage, ConsoleOpen, frame, unframe } from '@insula/contract'
import type { FakeState } from './fake-state.ts'

interface Running {
  readonly argv: readonly string[]
  readonly open: ExecOpen
  out(bytes: Uint8Array | string): Promise<void>
  err(bytes: Uint8Array | string): Promise<void>
  end(message: ExecServerMessage): void
  input: (bytes: Uint8Array) => void
  eof: () => void
  said: (message: SessionClientMessage) => void
}

const commands: Readonly<Record<string, (running: Running) => void | Promise<void>>> = {
  true: (running) => running.end({ type: 'exit', code: 0 }),
  exit: (running) => running.end({ type: 'exit', code: Number(running.argv[1]) }),
  killed: (running) => running.end({ type: 'exit', signal: 'SIGKILL', number: 9 }),
  missing: (running) => running.end({ type: 'exit', code: 127, reason: 'missing: not found' }),
  refuse: (running) => running.end({ type: 'error', error: { code: 'internal', message: 'the keeper is away' } }),
  echo: async (running) => {
    await running.out(`${running.argv.slice(1).join(' ')}\n`)
    running.end({ type: 'exit', code: 0 })
  },
  both: async (running) => {
    await running.out('to out\n')
    await running.err('to err\n')
    running.end({ type: 'exit', code: 3 })
  },
  /** A shell: shows how it was opened and what it was given to read. */
  '/bin/sh': (running) => {
    let read = ''
    running.input = (bytes) => (read += Buffer.from(bytes).toString())
    running.eof = () => {
      void running.out(`${JSON.stringify({ ...running.open, read })}\n`).then(() => running.end({ type: 'exit', code: 0 }))
    }
  },
  opened: async (running) => {
    await running.out(`${JSON.stringify(running.open)}\n`)
    running.end({ type: 'exit', code: 0 })
  },
  cat: (running) => {
    running.input = (bytes) => void running.out(bytes)
    running.eof = () => running.end({ type: 'exit', code: 0 })
  },
  /** Prints without end, counting in the state what left. */
  flood: async (running) => {
    for (;;) await running.out(new Uint8Array(65_536).fill(120))
  },
  sleep: (running) => {
    running.said = (message) => {
      if (message.type === 'signal')
        running.end({ type: 'exit', signal: message.signal, number: message.signal === 'SIGTERM' ? 15 : 2 })
    }
  },
  /** On a terminal: shows sizes and keys. */
  keys: (running) => {
    void running.out(`${running.open.tty?.cols}x${running.open.tty?.rows}\r\n`)
    running.said = (message) => message.type === 'resize' && void running.out(`${message.cols}x${message.rows}\r\n`)
    setTimeout(() => void running.out('>\n<'), 200)
    running.input = (bytes) => {
      void running.out(`<${Buffer.from(bytes).toString('hex')}>`)
      if (bytes.includes(0x71)) running.end({ type: 'exit', code: 7 })
    }
  },
}

export function execSession(socket: WebSocket, state: FakeState): void {
  let running: Running | null = null
  socket.on('message', (data, binary) => {
    const bytes = bytesOf(data)
    if (running !== null) return binary ? fromClient(running, bytes) : toldBy(running, bytes)
    const open = ExecOpen.parse(JSON.parse(Buffer.from(bytes).toString()))
    running = {
      argv: open.argv,
      open,
      out: (out) => send(socket, state, Channel.stdout, out),
      err: (out) => send(socket, state, Channel.stderr, out),
      end: (message) => {
        socket.send(JSON.stringify(message))
        socket.close(1000)
      },
      input: () => undefined,
      eof: () => undefined,
      said: () => undefined,
    }
    const name = open.argv[0] ?? ''
    const command = Object.hasOwn(commands, name) ? commands[name] : commands['missing']
    void Promise.resolve(command?.(running)).catch(() => socket.terminate())
  })
}

export function consoleSession(socket: WebSocket, state: FakeState): void {
  let open = false
  socket.on('message', (data, binary) => {
    const bytes = bytesOf(data)
    if (!open) {
      ConsoleOpen.parse(JSON.parse(Buffer.from(bytes).toString()))
      open = true
      if (state.consoleRefusal !== null) {
        socket.send(JSON.stringify({ type: 'error', error: state.consoleRefusal }))
        socket.close(1000)
        return
      }
      socket.send(frame(Channel.stdout, Buffer.from(state.scrollback)))
    } else if (binary) {
      const typed = unframe(bytes)
      socket.send(frame(Channel.stdout, typed?.payload ?? new Uint8Array()))
      if (typed !== null && Buffer.from(typed.payload).includes('poweroff')) {
        socket.send(JSON.stringify({ type: 'end' }))
        socket.close(1000)
      }
    }
  })
}

function fromClient(running: Running, bytes: Uint8Array): void {
  const typed = unframe(bytes)
  if (typed?.channel !== Channel.stdin) throw new Error('a client may only send stdin')
  running.input(Uint8Array.from(typed.payload))
}

function toldBy(running: Running, bytes: Uint8Array): void {
  const message = SessionClientMessage.parse(JSON.parse(Buffer.from(bytes).toString()))
  if (message.type === 'eof') running.eof()
  running.said(message)
}

/** Resolves when the bytes have left, so that a reader that does not read stops the command. */
async function send(socket: WebSocket, state: FakeState, channel: Channel, bytes: Uint8Array | string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.send(frame(channel, typeof bytes === 'string' ? Buffer.from(bytes) : bytes), (error) =>
      error ? reject(error) : resolve(),
    )
  })
  state.sentBytes += bytes.length
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
