/** The Keeper that lives in another process. Connects when needed and again when the keeper was restarted. */

import { createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { KeeperError, type KeeperErrorCode } from './errors.ts'
import type {
  ByteSession,
  ExecEnd,
  ExecRequest,
  ExecSession,
  ExitReport,
  Keeper,
  LaunchSpec,
  OutputSink,
  PlacedFile,
} from './keeper.ts'
import { type Answer, drainOf, encodeControl, encodeFrame, FRAME, frameReader, parseControl } from './wire.ts'

/** How long a call waits for a keeper that is being restarted. */
const PATIENCE_MS = 10_000
const RETRY_MS = 50

/**
 * What has the same effect when it is done twice is asked of the next keeper, when one ended in the middle of it: a VPS that is taken down must
 * not stay half there because of that.
 */
const REPEATABLE = new Set(['discard', 'placeFiles', 'list', 'consoleLog', 'health'])
const REPEATS = 2

export interface KeeperClient extends Keeper, AsyncDisposable {}

export function connectKeeper(path: string): KeeperClient {
  const calls = callConnection(path)
  const ask = calls.ask
  return {
    launch: (spec: LaunchSpec) => ask('launch', spec) as Promise<{ pid: number }>,
    begin: async (id) => void (await ask('begin', id)),
    configureNetwork: async (id, steps) => void (await ask('configureNetwork', id, steps)),
    placeFiles: async (id, files: readonly PlacedFile[]) => void (await ask('placeFiles', id, files)),
    signal: (id, signal) => ask('signal', id, signal) as Promise<boolean>,
    discard: async (id) => void (await ask('discard', id)),
    list: () => ask('list') as ReturnType<Keeper['list']>,
    consoleLog: async (id) => Buffer.from((await ask('consoleLog', id)) as string, 'base64'),
    health: () => ask('health') as ReturnType<Keeper['health']>,
    onExit: calls.onExit,
    exec: (id, request, sink) => openExec(path, id, request, sink),
    console: (id, size, output) => openConsole(path, id, size, output),
    [Symbol.asyncDispose]: calls.close,
  }
}

interface CallConnection {
  ask(op: string, ...args: unknown[]): Promise<unknown>
  onExit(listener: (report: ExitReport) => void): Disposable
  close(): Promise<void>
}

function callConnection(path: string): CallConnection {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const listeners = new Set<(report: ExitReport) => void>()
  let counter = 0
  let current: Promise<Socket> | null = null
  let closed = false

  const told = (report: ExitReport): void => {
    for (const listener of listeners) listener(report)
  }
  const open = async (): Promise<Socket> => {
    const socket = await connectPatiently(path, () => closed)
    const read = frameReader((_type, payload) => {
      const message = parseControl(payload) as unknown as Answer
      if ('exit' in message) return told(message.exit)
      const call = waiting.get(message.n)
      waiting.delete(message.n)
      if ('error' in message) call?.reject(new KeeperError(message.error.code as KeeperErrorCode, message.error.message))
      else call?.resolve(message.ok)
    })
    socket.on('data', read)
    socket.on('close', () => {
      current = null
      for (const call of waiting.values())
        call.reject(new KeeperError('unreachable', 'insula-keeper ended while it worked on this; it is being restarted'))
      waiting.clear()
      // Exits must be heard of even when nobody asks for anything.
      if (!closed && listeners.size > 0) setTimeout(() => void subscribe(), RETRY_MS)
    })
    return socket
  }
  const askOnce = async (op: string, args: readonly unknown[]): Promise<unknown> => {
    const socket = await (current ??= open().catch((error: unknown) => {
      current = null
      throw error
    }))
    const n = (counter += 1)
    const call = Promise.withResolvers<unknown>()
    waiting.set(n, call)
    socket.write(encodeControl({ n, op, args }))
    return call.promise
  }
  const ask = async (op: string, ...args: unknown[]): Promise<unknown> => {
    for (let left = REPEATS; ; left -= 1) {
      try {
        return await askOnce(op, args)
      } catch (error) {
        const cutOff = error instanceof KeeperError && error.code === 'unreachable' && !closed
        if (!cutOff || left === 0 || !REPEATABLE.has(op)) throw error
      }
    }
  }
  const subscribe = async (): Promise<void> => {
    if (closed) return
    try {
      for (const report of (await ask('exits')) as ExitReport[]) told(report)
    } catch {
      if (current === null) setTimeout(() => void subscribe(), RETRY_MS * 4)
    }
  }
  return {
    ask,
    onExit(listener) {
      listeners.add(listener)
      if (listeners.size === 1) void subscribe()
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    async close() {
      closed = true
      const socket = await current?.catch(() => null)
      socket?.destroy()
    },
  }
}

async function connectPatiently(path: string, givenUp: () => boolean): Promise<Socket> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      return await connectOnce(path)
    } catch (error) {
      if (givenUp() || Date.now() > deadline) {
        throw new KeeperError('unreachable', `insula-keeper does not answer at ${path}: ${(error as Error).message}`, error)
      }
      await sleep(RETRY_MS)
    }
  }
}

function connectOnce(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

/** A stream connection up to the keeper's `started`. Messages that say nothing only ask whether somebody is there. */
async function openStream(
  path: string,
  hello: unknown,
  sink: OutputSink,
): Promise<{ session: ByteSession; socket: Socket; ended: Promise<unknown> }> {
  const socket = await connectPatiently(path, () => false)
  const drained = drainOf(socket)
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  ended.promise.catch(() => undefined)
  const fail = (error: KeeperError): void => {
    started.reject(error)
    ended.reject(error)
  }
  const read = frameReader((type, payload) => {
    if (type === FRAME.stdout) return sink.stdout(Buffer.from(payload))
    if (type === FRAME.stderr) return sink.stderr(Buffer.from(payload))
    const message = parseControl(payload) as { started?: true; ended?: unknown; error?: { code: string; message: string } }
    if (message.started) started.resolve()
    if (message.error) fail(new KeeperError(message.error.code as KeeperErrorCode, message.error.message))
    if ('ended' in message) ended.resolve(message.ended)
  })
  socket.on('data', read)
  socket.on('close', () => fail(new KeeperError('unreachable', 'insula-keeper ended in the middle of this stream')))
  socket.write(encodeControl(hello))
  await started.promise
  const session: ByteSession = {
    write: async (chunk) => {
      if (!socket.destroyed) socket.write(encodeFrame(FRAME.stdin, chunk))
      await drained()
    },
    end: () => void socket.write(encodeControl({ type: 'eof' })),
    resize: (cols, rows) => void socket.write(encodeControl({ type: 'resize', cols, rows })),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  }
  return { session, socket, ended: ended.promise }
}

async function openExec(path: string, id: string, request: ExecRequest, sink: OutputSink): Promise<ExecSession> {
  const { session, socket, ended } = await openStream(path, { stream: 'exec', id, request }, sink)
  const signal = (name: string): void => void socket.write(encodeControl({ type: 'signal', name }))
  return { ...session, signal, ended: ended as Promise<ExecEnd> }
}

async function openConsole(
  path: string,
  id: string,
  size: { cols: number; rows: number } | null,
  output: (chunk: Buffer) => void,
) {
  const sink = { stdout: output, stderr: () => undefined }
  const { session, ended } = await openStream(path, { stream: 'console', id, size }, sink)
  return { ...session, ended: ended as Promise<void> }
}
