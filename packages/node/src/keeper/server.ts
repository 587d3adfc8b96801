/** Serves a Keep over its unix socket: calls on one kind of connection, one stream each on the other. */

import { createServer, type Server, type Socket } from 'node:net'
import { chmodSync, rmSync } from 'node:fs'
import type { NetworkStep } from '@insula/kernel'
import { KeeperError } from './errors.ts'
import type { ByteSession, ExecRequest, Keeper, LaunchSpec, PlacedFile } from './keeper.ts'
import type { Keep } from './keep.ts'
import { type Call, drainOf, encodeControl, encodeFrame, FRAME, frameReader, parseControl } from './wire.ts'

export interface ServedKeep {
  readonly keep: Keep
  readonly health: Keeper['health']
  readonly log: (message: string) => void
}

/** Resolves when the socket listens. An old socket file of a killed keeper is replaced. */
export async function serveKeeper(path: string, served: ServedKeep): Promise<Server> {
  rmSync(path, { force: true })
  const server = createServer((socket) => serveConnection(socket, served))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, 0o600)
  return server
}

function serveConnection(socket: Socket, served: ServedKeep): void {
  let stream: Promise<ByteSession | null> | null = null
  const exits = { subscription: null as Disposable | null }
  const read = frameReader((type, payload) => {
    if (type !== FRAME.control) {
      const chunk = Buffer.from(payload)
      socket.pause()
      const asking = stillThere(socket)
      void stream
        ?.then((session) => session?.write(chunk))
        .finally(() => {
          clearInterval(asking)
          socket.resume()
        })
      return
    }
    const message = parseControl(payload)
    if (stream) void stream.then((session) => session && steer(session, message))
    else if (message['stream'] === 'exec') stream = serveExec(socket, served, message)
    else if (message['stream'] === 'console') stream = serveConsole(socket, served, message)
    else void answer(socket, served, message as unknown as Call, exits)
  })
  socket.on('data', (chunk) => {
    try {
      read(chunk)
    } catch (error) {
      served.log(`a connection sent nonsense and is closed: ${(error as Error).message}`)
      socket.destroy()
    }
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    exits.subscription?.[Symbol.dispose]()
    void stream?.then((session) => session?.close())
  })
}

const ASK_MS = 1_000

/** A socket that is not read from does not tell that its other end has gone; one that is written to does. */
const stillThere = (socket: Socket): NodeJS.Timeout => setInterval(() => socket.write(encodeControl({})), ASK_MS)

function steer(session: ByteSession & { signal?: (name: string) => void }, message: Record<string, unknown>): void {
  if (message['type'] === 'eof') session.end()
  if (message['type'] === 'resize') session.resize(Number(message['cols']), Number(message['rows']))
  if (message['type'] === 'signal') session.signal?.(String(message['name']))
}

async function answer(socket: Socket, served: ServedKeep, call: Call, exits: { subscription: Disposable | null }): Promise<void> {
  const { keep } = served
  const [first, second] = call.args
  const id = String(first)
  const operations: Record<string, () => unknown> = {
    launch: () => keep.launch(first as LaunchSpec),
    begin: () => keep.begin(id),
    configureNetwork: () => keep.configureNetwork(id, second as NetworkStep[]),
    placeFiles: () => keep.placeFiles(id, second as PlacedFile[]),
    signal: () => keep.signal(id, String(second)),
    discard: () => keep.discard(id),
    list: () => keep.list(),
    consoleLog: () => keep.consoleLog(id).toString('base64'),
    health: () => served.health(),
    exits: () => {
      exits.subscription = keep.onExit((report) => socket.write(encodeControl({ exit: report })))
      return keep.reports()
    },
  }
  try {
    const operation = operations[call.op]
    if (!operation) throw new KeeperError('internal', `the keeper has no operation "${call.op}"`)
    socket.write(encodeControl({ n: call.n, ok: (await operation()) ?? null }))
  } catch (error) {
    socket.write(encodeControl({ n: call.n, error: asError(error) }))
  }
}

async function serveExec(socket: Socket, served: ServedKeep, message: Record<string, unknown>): Promise<ByteSession | null> {
  let session: (ByteSession & { ended: Promise<unknown> }) | null = null
  const drained = drainOf(socket)
  const forward =
    (type: typeof FRAME.stdout | typeof FRAME.stderr) =>
    (chunk: Buffer): void => {
      if (socket.write(encodeFrame(type, chunk)) || !session) return
      session.pause()
      void drained().then(() => session?.resume())
    }
  try {
    session = await served.keep.exec(String(message['id']), message['request'] as ExecRequest, {
      stdout: forward(FRAME.stdout),
      stderr: forward(FRAME.stderr),
    })
    session.ended.then(
      (end) => socket.end(encodeControl({ ended: end })),
      (error: unknown) => socket.end(encodeControl({ error: asError(error) })),
    )
    socket.write(encodeControl({ started: true }))
    return session
  } catch (error) {
    socket.end(encodeControl({ error: asError(error) }))
    return null
  }
}

function serveConsole(socket: Socket, served: ServedKeep, message: Record<string, unknown>): Promise<ByteSession | null> {
  try {
    const size = message['size'] as { cols: number; rows: number } | null
    let session: ByteSession | null = null
    const drained = drainOf(socket)
    const opened = served.keep.console(String(message['id']), size, (chunk) => {
      if (socket.write(encodeFrame(FRAME.stdout, chunk)) || !session) return
      session.pause()
      void drained().then(() => session?.resume())
    })
    session = opened
    void opened.ended.then(() => socket.end(encodeControl({ ended: {} })))
    socket.write(encodeControl({ started: true }))
    return Promise.resolve(opened)
  } catch (error) {
    socket.end(encodeControl({ error: asError(error) }))
    return Promise.resolve(null)
  }
}

function asError(error: unknown): { message: string; code: string } {
  return { message: (error as Error).message, code: error instanceof KeeperError ? error.code : 'internal' }
}
