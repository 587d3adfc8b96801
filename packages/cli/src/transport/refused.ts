/** Why the node's socket could not be used, in the words of the API's own refusals. */

import { ApiFailure } from '@insula/contract/api-failure'
import { DEFAULT_INSTANCE } from '@insula/contract/paths'

export interface LocalNode {
  readonly socketPath: string
  readonly instance: string
}

/** The failure that a connection error stands for; other errors as they are. */
export function connectionFailure(error: unknown, { socketPath, instance }: LocalNode): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code
  const option = instanceOption(instance)
  if (code === 'EACCES' || code === 'EPERM') {
    return new ApiFailure(
      {
        code: 'denied',
        message: `you may not use insulad's socket ${socketPath}: permission denied`,
        remedy: 'run this as root, or join the group insula: sudo usermod -aG insula "$USER", then log in again',
      },
      { cause: error },
    )
  }
  if (CUT.has(code ?? '')) {
    return new ApiFailure(
      {
        code: 'unavailable',
        message: `insulad of the instance ${instance} ended the connection before it answered: what was asked of it may have been done, or not`,
        remedy: `it starts again by itself: look with \`insula list${option}\` or \`insula task list${option}\` before asking again; \`sudo insula doctor${option}\` looks for the reason`,
      },
      { cause: error },
    )
  }
  const why = REASONS[code ?? '']
  if (why === undefined) return error
  return new ApiFailure(
    {
      code: 'unavailable',
      message: `cannot reach insulad of the instance ${instance} at ${socketPath}: ${why}`,
      remedy: `\`sudo insula doctor${option}\` looks for the reason; \`sudo ./up${option}\` in the checkout starts it`,
    },
    { cause: error },
  )
}

/** What a command needs to be about this instance, a blank in front. */
export const instanceOption = (instance: string): string => (instance === DEFAULT_INSTANCE ? '' : ` --instance ${instance}`)

/** It had been reached. */
const CUT: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE'])

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ENOTDIR: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there',
  ENOTSOCK: 'that is not a socket',
  EAGAIN: 'it has too many connections waiting',
}
