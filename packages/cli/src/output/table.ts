/** Rows as a table of left- and right-aligned columns, cut to a terminal's width and never in a pipe. */

export interface Column<Row> {
  readonly name: string
  readonly about: string
  readonly right?: true
  /** May be cut when the terminal is narrow. */
  readonly shrinks?: true
  readonly value: (row: Row) => string
}

const GAP = '  '
const NARROWEST = 8

export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number | null): string {
  const cells = [columns.map(({ name }) => name.toUpperCase()), ...rows.map((row) => columns.map(({ value }) => value(row)))]
  const widths = fit(
    columns.map((column, at) => ({
      shrinks: column.shrinks === true,
      wanted: Math.max(...cells.map((line) => shownLength(line[at] as string))),
    })),
    width,
  )
  return cells
    .map((line) =>
      line
        .map((cell, at) => pad(cut(cell, widths[at] as number), widths[at] as number, columns[at]?.right === true))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}

/** Takes from the widest column that may shrink, until all fit or none can give. */
export function fit(columns: readonly { readonly wanted: number; readonly shrinks: boolean }[], width: number | null): number[] {
  const widths = columns.map(({ wanted }) => wanted)
  if (width === null) return widths
  let over = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1) - width
  while (over > 0) {
    const candidates = widths.map((one, at) => (columns[at]?.shrinks && one > NARROWEST ? one : 0))
    const widest = candidates.indexOf(Math.max(0, ...candidates))
    if (widest === -1 || (candidates[widest] as number) === 0) break
    widths[widest] = (widths[widest] as number) - 1
    over--
  }
  return widths
}

function cut(text: string, width: number): string {
  const letters = lettersOf(text)
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join('')}…`
}

function pad(text: string, width: number, right: boolean): string {
  const missing = ' '.repeat(Math.max(0, width - shownLength(text)))
  return right ? missing + text : text + missing
}

function shownLength(text: string): number {
  return lettersOf(text).length
}

/** Code points, not halves of them. */
function lettersOf(text: string): string[] {
  return Array.from(text)
}
