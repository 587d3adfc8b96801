/** -o: which columns, in which order; `-o help` lists them. */

import { UsageError } from '../command.ts'
import type { Column } from './table.ts'

export const columnsOption = {
  columns: { short: 'o', value: 'COLUMNS', about: 'these columns, in this order, joined by commas; "help" lists them' },
} as const

/** null: the user asked which there are. */
export function chooseColumns<Row>(
  all: readonly Column<Row>[],
  standard: readonly string[],
  asked: string | undefined,
): readonly Column<Row>[] | null {
  if (asked === 'help') return null
  const names = asked === undefined ? standard : asked.split(',').map((name) => name.trim().toLowerCase())
  return names.map((name) => {
    const column = all.find((one) => one.name === name)
    if (column === undefined)
      throw new UsageError(`there is no column '${name}'; there are ${all.map((one) => one.name).join(', ')}`)
    return column
  })
}

export function columnsHelp<Row>(all: readonly Column<Row>[]): string {
  const width = Math.max(...all.map(({ name }) => name.length))
  return all.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join('\n')
}
