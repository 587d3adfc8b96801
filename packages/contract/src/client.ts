/** The typed client: one method per route, over whatever transport carries it. No schema is loaded: types come from `routes` alone. */

import type { z } from 'zod'
import { ApiFailure } from './api-failure.ts'
import { type RouteName, endpoints, pathFor, streams } from './endpoints.ts'
import { isErrorCode } from './errors.ts'
import type { ApiError } from './failure.ts'
import type { Event } from './event.ts'
import type { routes } from './routes.ts'

export interface TransportAnswer {
  readonly status: number
  /** Of an answer that is not JSON: its text. */
  readonly json: unknown
}

export interface Transport<Socket = unknown> {
  request(request: {
    readonly method: string
    /** With its query, escaped. */
    readonly path: string
    readonly body: unknown
    readonly signal: AbortSignal | undefined
  }): Promise<TransportAnswer>
  /** The raw `data` of each server-sent event, as JSON. */
  openEvents(path: string, since: number | undefined, signal: AbortSignal | undefined): AsyncIterable<unknown>
  /** @throws ApiFailure when the server refuses the upgrade */
  openSocket(path: string): Promise<Socket>
}

type Routes = typeof routes
type Part<Name extends RouteName, Key extends 'params' | 'query' | 'body', Io extends 'input' | 'output'> =
  Routes[Name] extends Record<Key, infer Schema extends z.ZodType>
    ? Io extends 'input'
      ? z.input<Schema>
      : z.output<Schema>
    : undefined
type Present<T> = { [Key in keyof T as T[Key] extends undefined ? never : Key]: T[Key] }
/** A part is required when it has a required field. */
type Optional<T> = { [Key in keyof T as object extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as object extends T[Key] ? Key : never]?: T[Key]
}

export type ClientInput<Name extends RouteName> = Optional<
  Present<{ params: Part<Name, 'params', 'output'>; query: Part<Name, 'query', 'output'>; body: Part<Name, 'body', 'input'> }>
> & { readonly signal?: AbortSignal | undefined }

export type ClientOutput<Name extends RouteName> = z.output<Routes[Name]['response']>

export type Client<Socket> = {
  readonly [Name in RouteName]: (
    ...input: object extends ClientInput<Name> ? [input?: ClientInput<Name>] : [input: ClientInput<Name>]
  ) => Promise<ClientOutput<Name>>
} & {
  /** Events as they happen; with `since`, all kept ones after that id first. Ends when the connection does. */
  events(options?: { readonly since?: number | undefined; readonly signal?: AbortSignal | undefined }): AsyncIterable<Event>
  exec(vps: string): Promise<Socket>
  console(vps: string): Promise<Socket>
}

interface LooseInput {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export function createClient<Socket>(transport: Transport<Socket>): Client<Socket> {
  const call = async (name: RouteName, input: LooseInput = {}): Promise<unknown> => {
    const { method, path } = endpoints[name]
    const answer = await transport.request({
      method,
      path: pathFor(path, input.params) + queryString(input.query),
      // Every route that takes a body takes an empty one where all its fields are optional.
      body: input.body ?? (method === 'POST' || method === 'PATCH' ? {} : undefined),
      signal: input.signal,
    })
    if (answer.status >= 200 && answer.status < 300) return answer.json
    throw new ApiFailure(errorIn(answer))
  }
  const methods = Object.fromEntries(
    Object.keys(endpoints).map((name) => [name, (input?: LooseInput) => call(name as RouteName, input)]),
  )
  return {
    ...methods,
    events: ({ since, signal } = {}) => transport.openEvents(streams.events.path, since, signal),
    exec: (vps: string) => transport.openSocket(pathFor(streams.exec.path, { vps })),
    console: (vps: string) => transport.openSocket(pathFor(streams.console.path, { vps })),
  } as Client<Socket>
}

/** The refusal in an answer that is not a success, whoever wrote it. */
export function errorIn(answer: TransportAnswer): ApiError {
  const body = answer.json as { error?: Partial<ApiError> } | null | undefined
  const { code, message, remedy, details } = body?.error ?? {}
  if (typeof code !== 'string' || !isErrorCode(code) || typeof message !== 'string') {
    return { code: 'internal', message: `the node answered ${answer.status} without saying why` }
  }
  return {
    code,
    message,
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(Array.isArray(details) ? { details } : {}),
  }
}

function queryString(query: LooseInput['query'] = {}): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
