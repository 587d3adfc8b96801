/**
 * A node for the CLI's tests: every route of the contract over a real unix socket, with `ws` as the other end of exec and console.
 * Requests are checked against the contract's schemas, so that what the CLI sends is what insulad would accept. Nothing is virtualized:
 * VPSs are values, commands are the few in fake-commands.ts.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { rmSync } from 'node:fs'
import { type WebSocket, WebSocketServer } from 'ws'
import { ApiFailure, type ApiError, type Event, type Route, type RouteName, isTaskOver, routes } from '@insula/contract'
import { consoleSession, execSession } from './fake-sessions.ts'
import { type FakeState, answerTo, fakeState } from './fake-state.ts'

export interface FakeNode {
  readonly socketPath: string
  readonly state: FakeState
  /** As insulad restarting: every connection is cut, and the socket is there again after `pause` ms. */
  restart(pause: number): Promise<void>
  close(): Promise<void>
}

export async function fakeNode(socketPath: string): Promise<FakeNode> {
  const state = fakeState()
  let server = await listen(socketPath, state)
  const close = async () => {
    server.closeAllConnections()
    for (const socket of state.sockets) socket.terminate()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return {
    socketPath,
    state,
    restart: async (pause) => {
      await close()
      await new Promise((resolve) => setTimeout(resolve, pause))
      server = await listen(socketPath, state)
    },
    close,
  }
}

async function listen(socketPath: string, state: FakeState): Promise<Server> {
  rmSync(socketPath, { force: true })
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const server = createServer((request, response) => void serve(state, request, response))
  server.on('upgrade', (request, socket, head) => {
    const match = /^\/v1\/vps\/([^/]+)\/(exec|console)$/.exec(request.url ?? '')
    const vps = state.find(decodeURIComponent(match?.[1] ?? ''))
    const refused: ApiError | null =
      vps === undefined
        ? { code: 'not_found', message: `there is no VPS '${match?.[1] ?? ''}'` }
        : vps.state === 'running'
          ? null
          : { code: 'conflict', message: `${vps.name} is ${vps.state}`, remedy: `insula start ${vps.name}` }
    if (refused !== null) {
      const body = JSON.stringify({ error: refused })
      const status = new ApiFailure(refused).status
      socket.end(
        `HTTP/1.1 ${status} No\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      state.sockets.add(webSocket)
      webSocket.on('close', () => state.sockets.delete(webSocket))
      const session = match?.[2] === 'exec' ? execSession : consoleSession
      session(webSocket, state)
    })
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return server
}

async function serve(state: FakeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  if (url.pathname === '/v1/events') return streamEvents(state, request, response)
  const answer = (status: number, body: unknown, media?: string) => {
    response
      .writeHead(status, { 'content-type': media ?? 'application/json' })
      .end(media === undefined ? JSON.stringify(body) : body)
  }
  try {
    const { name, route, params } = findRoute(request.method ?? 'GET', url.pathname)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const input = {
      params: parse(route.params, params),
      query: parse(route.query, Object.fromEntries(url.searchParams)),
      body: parse(route.body, text === '' ? undefined : JSON.parse(text)),
    }
    state.requests.push({ name, ...input })
    const body = route.response.parse(await answerTo(state, name, input))
    const task = (body as { task?: { state: Parameters<typeof isTaskOver>[0] } }).task
    answer(route.status === 202 && task !== undefined && isTaskOver(task.state) ? 200 : route.status, body, route.media)
  } catch (error) {
    const failure = error instanceof ApiFailure ? error : new ApiFailure({ code: 'internal', message: String(error) })
    answer(failure.status, { error: failure })
  }
}

function findRoute(method: string, path: string): { name: RouteName; route: Route; params: Record<string, string> } {
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    const pattern = new RegExp(`^${route.path.replace(/[.]/g, '\\.').replace(/:([a-z]+)/g, '(?<$1>[^/]+)')}$`)
    const match = pattern.exec(path)
    if (route.method !== method || match === null) continue
    const params = Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)])
    return { name, route, params: Object.fromEntries(params) as Record<string, string> }
  }
  throw new ApiFailure({ code: 'not_found', message: `there is no route ${method} ${path}` })
}

function parse(schema: Route['body'], value: unknown): Record<string, unknown> {
  if (schema === undefined) return {}
  const result = schema.safeParse(value)
  if (result.success) return result.data as Record<string, unknown>
  const details = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  throw new ApiFailure({ code: 'invalid_request', message: 'the request is not valid', details })
}

function streamEvents(state: FakeState, request: IncomingMessage, response: ServerResponse): void {
  const since = Number(request.headers['last-event-id'] ?? state.events.at(-1)?.id ?? 0)
  const send = (event: Event) => void response.write(`id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(': hello\n\n')
  for (const event of state.events) if (event.id > since) send(event)
  state.listeners.add(send)
  response.on('close', () => state.listeners.delete(send))
}
