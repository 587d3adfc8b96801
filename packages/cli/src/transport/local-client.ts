/** The typed client over the node's unix socket. */

import type { ClientRequest, IncomingMessage } from 'node:http'
import { type Client, createClient } from '@insula/contract/client'
import { type LocalNode, connectionFailure } from './refused.ts'
import { type ClientSocket, openWebSocket } from './websocket.ts'

/** What is asked of one node at once; more waits its turn. */
const CONNECTIONS = 32

export function localClient(node: LocalNode): Client<ClientSocket> {
  // An import of node:http would evaluate every export of it, among them fetch's WebSocket: 60 ms for nothing.
  const { Agent, request: httpRequest } = process.getBuiltinModule('node:http')
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const send: Send = async (options, body, signal) => {
    const content = body === null ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
    const headers = { ...options.headers, ...content }
    const cancel = signal === undefined ? {} : { signal }
    for (const since = performance.now(); ;) {
      try {
        return await answered(httpRequest({ ...options, socketPath: node.socketPath, agent, ...cancel, headers }), body)
      } catch (error) {
        await (await import('./absence.ts')).awaitReturn(error, node, since)
      }
    }
  }
  return createClient<ClientSocket>({
    request: async ({ method, path, body, signal }) => {
      const response = await send({ method, path }, body === undefined ? null : JSON.stringify(body), signal)
      const text = await textOf(response, node)
      return { status: response.statusCode ?? 0, json: isJson(response) ? parsed(text) : text }
    },
    openEvents: (path, since, signal) => eventsOver(path, since, signal, send, node),
    openSocket: async (path) => openWebSocket(node, path),
  })
}

type Send = (
  options: { method: string; path: string; headers?: Record<string, string> },
  body: string | null,
  signal?: AbortSignal,
) => Promise<IncomingMessage>

async function* eventsOver(
  path: string,
  since: number | undefined,
  signal: AbortSignal | undefined,
  send: Send,
  node: LocalNode,
) {
  const headers = { accept: 'text/event-stream', ...(since === undefined ? {} : { 'last-event-id': String(since) }) }
  const response = await send({ method: 'GET', path, headers }, null, signal)
  const { errorIn } = await import('@insula/contract/client')
  const { ApiFailure } = await import('@insula/contract/api-failure')
  if (response.statusCode !== 200) {
    throw new ApiFailure(errorIn({ status: response.statusCode ?? 0, json: parsed(await textOf(response, node)) }))
  }
  const { serverSentData } = await import('./server-sent.ts')
  yield* serverSentData(response)
}

/** @throws the error of the connection, as it is */
async function answered(request: ClientRequest, body: string | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve).on('error', reject)
    request.end(body ?? undefined)
  })
}

async function textOf(response: IncomingMessage, node: LocalNode): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (error) {
    throw connectionFailure(error, node)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const isJson = ({ headers }: IncomingMessage): boolean => headers['content-type']?.startsWith('application/json') === true

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
