/** HTTP over a unix socket, as plain as tests of bad requests need it. */

import { request } from 'node:http'
import type { Transport } from '@insula/contract/client'

export interface Answer {
  readonly status: number
  /** The text of an answer that is none. */
  readonly json: unknown
  readonly type: string
}

/** @param body a string is sent as it is */
export function send(socketPath: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  // A kept connection would lead to a daemon that was killed.
  const outgoing = request({
    agent: false,
    socketPath,
    method,
    path,
    headers: text === undefined ? {} : { 'content-type': 'application/json' },
  })
  let answered = false
  outgoing.on('error', (error) => !answered && reject(error))
  outgoing.on('response', (response) => {
    answered = true
    let received = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => void (received += chunk))
    response.on('end', () => {
      const type = response.headers['content-type'] ?? ''
      const json: unknown = received === '' ? null : type.startsWith('application/json') ? JSON.parse(received) : received
      resolve({ status: response.statusCode ?? 0, json, type })
    })
    response.on('error', reject)
  })
  outgoing.end(text)
  return promise
}

export function transportTo(socketPath: string): Transport<never> {
  return {
    request: ({ method, path, body }) => send(socketPath, method, path, body),
    async *openEvents(path, since, signal) {
      yield* events(socketPath, path, since, signal)
    },
    openSocket: () => Promise.reject(new Error('not here')),
  }
}

async function* events(
  socketPath: string,
  path: string,
  since: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator {
  const headers = since === undefined ? {} : { 'last-event-id': String(since) }
  const outgoing = request({ socketPath, path, headers, ...(signal ? { signal } : {}) })
  outgoing.end()
  const { promise, resolve, reject } = Promise.withResolvers<AsyncIterable<Buffer>>()
  outgoing.on('response', resolve)
  outgoing.on('error', reject)
  let rest = ''
  for await (const chunk of await promise) {
    const blocks = (rest + chunk.toString()).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (data !== undefined) yield JSON.parse(data) as unknown
    }
  }
}
