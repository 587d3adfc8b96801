/** What the keeper and insula-listener say to each other: one JSON value to a line. */

/** calls: a seccomp listener. mounts: the connection of the VPS's /proc/mounts. */
export interface Source {
  readonly key: number
  readonly id: string
  /** The keeper's. */
  readonly fd: number
  readonly kind: 'calls' | 'mounts'
}

/** From the keeper, on standard input. */
export type Order = { readonly add: Source } | { readonly begin: true }

/** To the keeper, on standard output. ended: key of a source that nobody is left to use. begun: from here on calls are worked on. */
export type Report = { readonly ended: number } | { readonly begun: true }

/** insula-listener's descriptors. */
export const ORDERS = 0
export const ORDERS_KEY = 0
export const REPORTS = 1
export const RECORD = 3

/** Collects bytes, tells whole lines. */
export function lineReader(onLine: (value: unknown) => void): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(JSON.parse(line))
  }
}

export const line = (value: Order | Report): Buffer => Buffer.from(`${JSON.stringify(value)}\n`, 'latin1')
