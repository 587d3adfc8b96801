/** The two WebSockets: a command inside a VPS, and its console. Bytes flow both ways no faster than the slower end takes them. */

import type { WebSocket } from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import {
  type ApiFailure,
  Channel,
  ConsoleOpen,
  ExecOpen,
  frame,
  SessionClientMessage,
  streams,
  unframe,
  VpsRef,
} from '@insula/contract'
import { asFailure, failure } from '../failures.ts'
import type { ByteSession } from '../keeper/keeper.ts'
import { KeeperError } from '../keeper/errors.ts'
import { requireLegal } from '../life/legality.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { valid } from './valid.ts'

/** Above this the side that produces is paused. */
const HIGH_WATER = 1024 * 1024
const DRAIN_POLL_MS = 5
/** A client that never sends its first frame is not waited for. */
const HELLO_MS = 10_000

const RUN = 'cannot run the command'
const SHOW = 'cannot open the console'

type Session = ByteSession & { readonly ended: Promise<unknown>; signal?: (name: string) => void }
type Open = (first: unknown, output: (channel: Channel, chunk: Buffer) => void) => Promise<Session>

export function serveSessions(app: FastifyInstance, means: Means): void {
  serve(app, streams.exec.path, RUN, (socket, ref) => {
    void converse(socket, RUN, async (first, output) => {
      const open = valid(ExecOpen, first, RUN)
      const vps = means.inventory.find(valid(VpsRef, ref, RUN, 'vps'))
      requireLegal('exec', vps, vps.id)
      const explain = (error: unknown): never => {
        throw withoutProcesses(error, vps) ?? error
      }
      const sink = {
        stdout: (chunk: Buffer) => output(Channel.stdout, chunk),
        stderr: (chunk: Buffer) => output(Channel.stderr, chunk),
      }
      const session = await means.keeper.exec(`${vps.id}`, open, sink).catch(explain)
      return { ...session, ended: session.ended.catch(explain) }
    })
  })
  serve(app, streams.console.path, SHOW, (socket, ref) => {
    void converse(socket, SHOW, async (first, output) => {
      const size = valid(ConsoleOpen, first, SHOW)
      const vps = means.inventory.find(valid(VpsRef, ref, SHOW, 'vps'))
      requireLegal('console', vps, vps.id)
      const given = size.cols !== undefined && size.rows !== undefined ? { cols: size.cols, rows: size.rows } : null
      const session = await means.keeper.console(`${vps.id}`, given, (chunk) => output(Channel.stdout, chunk))
      // Tells a client that it is attached also where nothing was ever written.
      output(Channel.stdout, Buffer.alloc(0))
      return session
    })
  })
}

function serve(app: FastifyInstance, url: string, doing: string, session: (socket: WebSocket, vps: string) => void): void {
  app.route<{ Params: { vps: string } }>({
    method: 'GET',
    url,
    wsHandler: (socket, request) => session(socket, request.params.vps),
    handler: async () => {
      throw failure('invalid_request', `${doing}: the request asks for no WebSocket`, 'send it with "Upgrade: websocket"')
    },
  })
}

async function converse(socket: WebSocket, doing: string, open: Open): Promise<void> {
  let session: Session | null = null
  let closed = false
  let pauseWhenOpen = false
  const say = (message: unknown): void => socket.send(JSON.stringify(message))

  // Binary frames that come before the session is open wait in order.
  let chain: Promise<void> = Promise.resolve()
  let queued = 0
  const opened = Promise.withResolvers<Session | null>()
  const hello = Promise.withResolvers<unknown>()
  const late = setTimeout(
    () => hello.reject(failure('invalid_request', `${doing}: no first message within ${HELLO_MS / 1_000} s`)),
    HELLO_MS,
  )

  let greeted = false
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!greeted) {
      greeted = true
      clearTimeout(late)
      try {
        if (isBinary) throw new SyntaxError('the first message must be text')
        hello.resolve(JSON.parse(data.toString()))
      } catch (error) {
        hello.reject(failure('invalid_request', `${doing}: the first message is not valid: ${(error as Error).message}`))
      }
      return
    }
    if (!isBinary) {
      chain = chain.then(async () => steer(await opened.promise, data))
      return
    }
    const unframed = unframe(data)
    if (unframed?.channel !== Channel.stdin) return
    queued += unframed.payload.length
    if (queued > HIGH_WATER) socket.pause()
    chain = chain.then(async () => {
      await (await opened.promise)?.write(unframed.payload)
      queued -= unframed.payload.length
      if (queued <= HIGH_WATER) socket.resume()
    })
  })
  socket.on('close', () => {
    closed = true
    clearTimeout(late)
    hello.reject(failure('cancelled', 'the client went away'))
    session?.close()
  })
  socket.on('error', () => undefined)

  const output = (channel: Channel, chunk: Buffer): void => {
    if (closed) return
    socket.send(frame(channel, chunk))
    if (socket.bufferedAmount < HIGH_WATER) return
    if (session) holdUntilDrained(socket, session)
    else pauseWhenOpen = true
  }
  try {
    session = await open(await hello.promise, output)
    if (pauseWhenOpen) holdUntilDrained(socket, session)
    opened.resolve(session)
    if (closed) {
      session.close()
      return
    }
    const end = await session.ended
    say(
      typeof end === 'object' && end !== null && ('code' in end || 'signal' in end) ? { type: 'exit', ...end } : { type: 'end' },
    )
  } catch (error) {
    opened.resolve(null)
    if (closed) return
    if (error instanceof KeeperError && error.code === 'exec_not_found') say({ type: 'exit', code: 127, reason: error.message })
    else if (error instanceof KeeperError && error.code === 'exec_not_executable')
      say({ type: 'exit', code: 126, reason: error.message })
    else say({ type: 'error', error: asFailure(error, doing).toJSON() })
  }
  socket.close(1000)
}

/** What a command that found no process left says; null for any other error. */
function withoutProcesses(error: unknown, { name, limits }: VpsRecord): ApiFailure | null {
  if (!(error instanceof KeeperError && error.code === 'exec_no_process')) return null
  if (limits.pids === null) return failure('exhausted', `${RUN}: ${error.message}`, 'end what runs on the node first', error)
  return failure(
    'exhausted',
    `${RUN}: VPS "${name}" has reached its limit of ${limits.pids} ${limits.pids === 1 ? 'process' : 'processes'}`,
    `raise it with \`insula set ${name} --pids COUNT\`; the command and its start need a few`,
    error,
  )
}

function steer(session: Session | null, data: Buffer): void {
  let message: unknown
  try {
    message = JSON.parse(data.toString())
  } catch {
    return
  }
  const parsed = SessionClientMessage.safeParse(message)
  if (!parsed.success || !session) return
  if (parsed.data.type === 'resize') session.resize(parsed.data.cols, parsed.data.rows)
  else if (parsed.data.type === 'eof') session.end()
  else session.signal?.(parsed.data.signal)
}

/** `ws` has no drain event. */
function holdUntilDrained(socket: WebSocket, session: Session): void {
  session.pause()
  const poll = setInterval(() => {
    if (socket.bufferedAmount >= HIGH_WATER / 2 && socket.readyState === socket.OPEN) return
    clearInterval(poll)
    session.resume()
  }, DRAIN_POLL_MS)
}
