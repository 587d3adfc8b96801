/** The routes as an OpenAPI 3.1 document. Schemas with an id become components, everything else is written in place. */

import { z } from 'zod'
import { ApiError, ErrorBody } from './failure.ts'
import { streams } from './endpoints.ts'
import { errors, type ErrorCode } from './errors.ts'
import { Event } from './event.ts'
import { type Route, routes } from './routes.ts'
import { ConsoleOpen, ConsoleServerMessage, ExecOpen, ExecServerMessage, SessionClientMessage } from './session.ts'
import { VpsRef } from './scalars.ts'

type Json = { [key: string]: unknown }

const ALWAYS: readonly ErrorCode[] = ['invalid_request', 'payload_too_large', 'denied', 'unavailable', 'internal']

export function openApiDocument(): Json {
  const components: Json = {}
  const schema = (type: z.ZodType, io: 'input' | 'output') => place(type, io, components)
  const paths: { [path: string]: Json } = {}
  const put = (path: string, method: string, operation: Json) => {
    const at = path.replace(/:([a-z]+)/g, '{$1}')
    paths[at] = { ...paths[at], [method.toLowerCase()]: operation }
  }
  for (const [name, route] of Object.entries(routes) as [string, Route][])
    put(route.path, route.method, operation(name, route, schema))
  for (const [path, method, stream] of streamOperations(schema)) put(path, method, stream)
  schema(ApiError, 'output')
  return {
    openapi: '3.1.0',
    info: {
      title: 'Insula node',
      version: '1',
      description:
        'Sizes are bytes. Requests refuse unknown fields; answers may gain fields. A request that takes time answers 202 and a task.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { schemas: Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1))) },
  }
}

type Schema = (type: z.ZodType, io: 'input' | 'output') => Json

function operation(name: string, route: Route, schema: Schema): Json {
  const parameters = [...parametersOf(route.params, 'path', schema), ...parametersOf(route.query, 'query', schema)]
  const answer = {
    description: route.summary,
    content: { [route.media ?? 'application/json']: { schema: schema(route.response, 'output') } },
  }
  const body = route.body
  return {
    operationId: name,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: !body.safeParse({}).success,
            content: { 'application/json': { schema: schema(body, 'input') } },
          },
        }),
    responses: {
      ...(route.status === 202
        ? {
            200: { ...answer, description: 'The task has ended (only with ?wait=)' },
            202: { ...answer, description: 'The task was started' },
          }
        : { 200: answer }),
      ...refusals(route.errors, schema),
    },
  }
}

function parametersOf(object: z.ZodObject | undefined, where: 'path' | 'query', schema: Schema): Json[] {
  return Object.entries(object?.shape ?? {}).map(([name, type]) => ({
    name,
    in: where,
    required: where === 'path' || !(type as z.ZodType).safeParse(undefined).success,
    schema: schema(type as z.ZodType, 'input'),
  }))
}

function refusals(codes: readonly ErrorCode[], schema: Schema): Json {
  const byStatus = Map.groupBy([...new Set([...ALWAYS, ...codes])], (code) => errors[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: of.map((code) => `${code}: ${errors[code].meaning}`).join('; '),
        content: { 'application/json': { schema: schema(ErrorBody, 'output') } },
      },
    ]),
  )
}

function* streamOperations(schema: Schema): Generator<[string, string, Json]> {
  const vps = { name: 'vps', in: 'path', required: true, schema: schema(VpsRef, 'input') }
  yield [
    streams.events.path,
    streams.events.method,
    {
      operationId: 'events',
      summary: 'Changes as server-sent events; resumable by Last-Event-ID',
      parameters: [{ name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string', pattern: '^[0-9]+$' } }],
      responses: {
        200: {
          description: 'Each event: `id`, and the Event as `data`',
          content: { 'text/event-stream': { schema: schema(Event, 'output') } },
        },
        ...refusals([], schema),
      },
    },
  ]
  const sockets = [
    { name: 'exec', summary: 'WebSocket: run a command inside', open: ExecOpen, answer: ExecServerMessage },
    { name: 'console', summary: 'WebSocket: the console', open: ConsoleOpen, answer: ConsoleServerMessage },
  ] as const
  for (const { name, summary, open, answer } of sockets) {
    yield [
      streams[name].path,
      streams[name].method,
      {
        operationId: name,
        summary,
        description: 'Binary frames: one byte of channel (0 stdin, 1 stdout, 2 stderr), then bytes.',
        parameters: [vps],
        'x-websocket': {
          first: schema(open, 'input'),
          client: schema(SessionClientMessage, 'input'),
          server: schema(answer, 'output'),
        },
        responses: { 101: { description: 'Switching protocols' }, ...refusals(['not_found', 'conflict'], schema) },
      },
    ]
  }
}

/** JSON schema of `type`; what it defines by id moves to `components`. */
function place(type: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const id = type.meta()?.id
  const {
    $schema: _,
    $defs,
    ...root
  } = z.toJSONSchema(type, {
    io,
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      // Answers may gain fields within /v1, so a reader must not refuse what it does not know.
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  }) as Json
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'id' || typeof (value as Json)['id'] !== 'string')
        .map(([key, inner]) => [
          key,
          key === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : moved(inner),
        ]),
    )
  }
  for (const [name, definition] of Object.entries(($defs ?? {}) as Json)) components[name] = moved(definition)
  if (id === undefined) return moved(root) as Json
  // A schema that refers to itself by id comes back as a bare reference into $defs.
  if (!('$ref' in root)) components[id] = moved(root)
  return { $ref: `#/components/schemas/${id}` }
}
