/** The server's answer to an upgrade that it did not make: an ordinary refusal with a JSON body. */

import type { Socket } from 'node:net'
import { ApiFailure } from '@insula/contract/api-failure'
import { errorIn } from '@insula/contract/light'

/** Waits for the whole body, at most two seconds: the connection may be kept open by the server. */
export async function upgradeRefused(
  socket: Socket,
  status: number,
  { head, rest }: { readonly head: string; readonly rest: Buffer },
): Promise<ApiFailure> {
  const length = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)
  let body = rest
  const whole = await new Promise<Buffer>((resolve) => {
    const finish = () => resolve(body)
    const enough = () => body.length >= length && finish()
    socket.on('data', (chunk: Buffer) => {
      body = Buffer.concat([body, chunk])
      enough()
    })
    socket.on('error', finish).on('close', finish).setTimeout(2000, finish)
    enough()
    socket.resume()
  })
  socket.destroy()
  return new ApiFailure(errorIn({ status, json: json(whole.toString('utf8')) }))
}

function json(text: string): unknown {
  try {
    // A chunked body has lengths around it.
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
  } catch {
    return null
  }
}
