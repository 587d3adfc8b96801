/** One thing as lines of name and value. */

import type { Context } from '../context.ts'

export function printFields(context: Context, fields: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length))
  for (const [name, value] of fields) context.print(`${name.padEnd(width)}  ${value}`)
}
