/** Rows as a table of left- and right-aligned columns, cut to a terminal's width and never in a pipe. */

export interface Column<Row> {
  readonly name: string
  readonly about: string
  readonly right?: true
  /** May be cut when the terminal is narrow. "items": only between what commas part, for half an address is of no use. */
  readonly shrinks?: true | 'items'
  readonly value: (row: Row) => string
}

/** A comment may have several, a row has one. */
const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ')

const GAP = '  '
const NARROWEST = 8

/** "10.0.0.1 +3" */
function items(text: string, width: number): string {
  const all = text.split(',')
  for (let count = all.length - 1; count > 0; count--) {
    const shown = `${all.slice(0, count).join(',')} +${all.length - count}`
    if (count === 1 || shownLength(shown) <= width) return shown
  }
  return text
}

export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number | null): string {
  const cells = [
    columns.map(({ name }) => name.toUpperCase()),
    ...rows.map((row) => columns.map(({ value }) => oneLine(value(row)))),
  ]
  const longest = (at: number, how: (cell: string) => string): number =>
    Math.max(...cells.map((line) => shownLength(how(line[at] as string))))
  const room = columns.map(({ shrinks }, at) => ({
    shrinks: shrinks !== undefined,
    wanted: longest(at, (cell) => cell),
    ...(shrinks === 'items' ? { least: longest(at, (cell) => items(cell, 0)) } : {}),
  }))
  const first = fit(room, width)
  // What is cut between items does not take all of it.
  const needed = room.map((one, at) =>
    columns[at]?.shrinks === 'items' ? { ...one, wanted: longest(at, (cell) => cut(cell, first[at] as number, 'items')) } : one,
  )
  const widths = fit(needed, width)
  return cells
    .map((line) =>
      line
        .map((cell, at) => {
          const column = columns[at] as Column<Row>
          return pad(cut(cell, widths[at] as number, column.shrinks), widths[at] as number, column.right === true)
        })
        .join(GAP)
        .trimEnd(),
    )
    .join('\n')
}

/** Takes from the widest column that may shrink, until all fit or none can give. */
export function fit(
  columns: readonly { readonly wanted: number; readonly shrinks: boolean; readonly least?: number }[],
  width: number | null,
): number[] {
  const widths = columns.map(({ wanted }) => wanted)
  if (width === null) return widths
  let over = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1) - width
  while (over > 0) {
    const candidates = widths.map((one, at) => (columns[at]?.shrinks && one > (columns[at].least ?? NARROWEST) ? one : 0))
    const widest = candidates.indexOf(Math.max(0, ...candidates))
    if (widest === -1 || (candidates[widest] as number) === 0) break
    widths[widest] = (widths[widest] as number) - 1
    over--
  }
  return widths
}

function cut(text: string, width: number, how: Column<never>['shrinks']): string {
  const letters = lettersOf(text)
  if (letters.length <= width) return text
  return how === 'items' ? items(text, width) : `${letters.slice(0, width - 1).join('')}…`
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
