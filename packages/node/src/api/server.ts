/** The API on its unix socket: every route of the contract, checked on the way in; refusals as the contract's errors. */

import { chmodSync, chownSync, readFileSync, rmSync } from 'node:fs'
import websocket from '@fastify/websocket'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { type ApiFailure, type Route, type RouteName, routes } from '@insula/contract'
import { asFailure, failure } from '../failures.ts'
import { serveEvents } from './events-stream.ts'
import type { HandlerMeans, Handlers } from './handlers.ts'
import { handlers } from './handlers.ts'
import { serveSessions } from './sessions.ts'
import { cannot, valid } from './valid.ts'

const BODY_LIMIT = 1024 * 1024

/** Resolves when the socket listens. */
export async function serveApi(path: string, means: HandlerMeans): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    logger: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 16_384 },
  })
  app.setErrorHandler((error, _request, reply) => {
    const refused = answerTo(error)
    if (refused.code === 'internal') means.log('a request failed', error)
    void reply.status(refused.status).send({ error: refused.toJSON() })
  })
  app.setNotFoundHandler((request, reply) => {
    const refused = failure(
      'not_found',
      `there is no ${request.method} ${request.url.split('?')[0]}`,
      'GET /v1/openapi.json describes the API',
    )
    void reply.status(refused.status).send({ error: refused.toJSON() })
  })
  await app.register(websocket, { options: { maxPayload: 4 * BODY_LIMIT } })
  serveEvents(app, means)
  serveSessions(app, means)
  const table = handlers(means)
  for (const name of Object.keys(routes) as RouteName[]) mount(app, name, table)
  rmSync(path, { force: true })
  await app.listen({ path })
  grant(path)
  return app
}

/** Root and members of the group "insula", where there is such a group. Who is not root (a simulated node) lets in nobody else. */
function grant(path: string): void {
  const entry = process.getuid?.() === 0 ? /^insula:[^:]*:(\d+):/m.exec(readGroups()) : null
  if (entry) chownSync(path, 0, Number(entry[1]))
  chmodSync(path, entry ? 0o660 : 0o600)
}

function readGroups(): string {
  try {
    return readFileSync('/etc/group', 'utf8')
  } catch {
    return ''
  }
}

function mount(app: FastifyInstance, name: RouteName, table: Handlers): void {
  const route: Route = routes[name]
  const handler = table[name] as (input: unknown) => Promise<unknown>
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const doing = cannot(route)
      const params = route.params && valid(route.params, request.params, doing, 'path')
      const query = route.query && valid(route.query, request.query, doing, 'query')
      const body = route.body && valid(route.body, request.body ?? {}, doing)
      const answer = await handler({ params, query, body })
      const ended = route.status !== 202 || isOver((answer as { task?: { state?: string } }).task?.state)
      if (route.media !== undefined) void reply.type(route.media)
      return reply.status(ended ? 200 : 202).send(answer)
    },
  })
}

const isOver = (state: string | undefined): boolean => state === 'done' || state === 'failed' || state === 'cancelled'

function answerTo(error: unknown): ApiFailure {
  const { code, statusCode, message } = error as FastifyError
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return failure('payload_too_large', `the request is larger than ${BODY_LIMIT} bytes`)
  if (typeof code === 'string' && code.startsWith('FST_ERR') && statusCode !== undefined && statusCode < 500) {
    return failure('invalid_request', `the request is not valid: ${message}`)
  }
  if (error instanceof SyntaxError) return failure('invalid_request', `the request is not valid JSON: ${error.message}`)
  return asFailure(error, 'the request failed')
}
