/** A web server of the files in a directory, for tests. */

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface ServedDirectory extends AsyncDisposable {
  readonly address: string
}

/** @param ask told of each path before it is given; "drop" breaks the connection instead */
export async function serveDirectory(directory: string, ask: (path: string) => 'drop' | 'give'): Promise<ServedDirectory> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    if (ask(path) === 'drop') {
      request.socket.destroy()
      return
    }
    try {
      response.end(readFileSync(join(directory, path)))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
