/** What the keeper and insula-listener say to each other: one JSON value to a line. */

/** From the keeper, on standard input. */
export type Order =
  | { readonly add: { readonly key: number; readonly id: string; readonly fd: number } }
  | { readonly begin: true }

/** To the keeper, on standard output. */
export interface Report {
  /** Key of a listener that nobody is left to call. */
  readonly ended: number
}

/** insula-listener's descriptors. */
export const ORDERS = 0
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
