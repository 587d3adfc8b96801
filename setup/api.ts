/** The node's API for setup: over its unix socket, without the CLI. */

import { request } from 'node:http'
import { createClient, type Client } from '@insula/contract/client'
import type { Instance } from '@insula/node'

export function nodeApi(instance: Instance): Client<never> {
  return createClient<never>({
    request: ({ method, path, body, signal }) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? null : JSON.stringify(body)
        const headers = text === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
        const options = { method, path, socketPath: instance.apiSocket, headers, ...(signal === undefined ? {} : { signal }) }
        request(options, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, json: JSON.parse(Buffer.concat(chunks).toString()) }),
          )
        })
          .on('error', reject)
          .end(text ?? undefined)
      }),
    openEvents: () => {
      throw new Error('setup follows no events')
    },
    openSocket: () => Promise.reject(new Error('setup opens no sessions')),
  })
}

/** Whether insulad serves, within a moment. */
export async function answers(instance: Instance): Promise<boolean> {
  try {
    await nodeApi(instance).health({ signal: AbortSignal.timeout(2_000) })
    return true
  } catch {
    return false
  }
}
