/** What every command that shows a list does: a table, chosen columns, JSON, or only what identifies each row. */

import type { Context } from '../context.ts'
import { chooseColumns, columnsHelp } from './columns.ts'
import { type Column, table } from './table.ts'

export interface RowsOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly columns: string | undefined
}

export interface Listing<Row> {
  readonly all: readonly Column<Row>[]
  readonly standard: readonly string[]
  readonly id: (row: Row) => string
  /** Said on a terminal when there is no row. */
  readonly none: string
}

/** true: only the columns were asked for, and they have been listed. */
export function answeredColumnsHelp<Row>(context: Context, { all, standard }: Listing<Row>, options: RowsOptions): boolean {
  if (chooseColumns(all, standard, options.columns) !== null) return false
  context.print(columnsHelp(all))
  return true
}

export function printRows<Row>(context: Context, listing: Listing<Row>, rows: readonly Row[], options: RowsOptions): void {
  const columns = chooseColumns(listing.all, listing.standard, options.columns) ?? []
  if (options.json) return context.print(JSON.stringify(rows, null, 2))
  if (options.quiet) return rows.forEach((row) => context.print(listing.id(row)))
  if (rows.length === 0 && context.terminal.stdout) return context.note(listing.none)
  context.print(table(rows, columns, context.width))
}
