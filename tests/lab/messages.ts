/**
 * What goes over the machine's virtio-serial port: a line of JSON for each message. A new line is a place to begin anew, for whoever comes late
 * (the machine was reset in the middle of a message) finds the next one.
 */

export type ToGuest =
  | {
      readonly kind: 'run'
      readonly id: number
      readonly argv: readonly [string, ...string[]]
      readonly cwd: string
      readonly env: Readonly<Record<string, string>>
      /** On a terminal of this size instead of on pipes. */
      readonly terminal?: { readonly columns: number; readonly rows: number }
    }
  /** Base64; absent at the end of input. */
  | { readonly kind: 'input'; readonly id: number; readonly data?: string }
  | { readonly kind: 'resize'; readonly id: number; readonly columns: number; readonly rows: number }
  | { readonly kind: 'kill'; readonly id: number }

export type ToHost =
  /** The agent runs. What an earlier one was asked to run is over. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'output'; readonly id: number; readonly stream: 'stdout' | 'stderr'; readonly data: string }
  | { readonly kind: 'end'; readonly id: number; readonly code: number }

export const encode = (message: ToGuest | ToHost): string => `${JSON.stringify(message)}\n`

export const toHost = (line: string): ToHost => JSON.parse(line) as ToHost
export const toGuest = (line: string): ToGuest => JSON.parse(line) as ToGuest

/** Gives whole messages as bytes come in; a line that is none is the rest of one that was cut off. */
export function decoder(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const text = Buffer.from(line, 'latin1').toString()
      if (isWhole(text)) onLine(text)
    }
  }
}

function isWhole(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}
