/** Durations as p50 and p99, and two series as their ratio. */

export interface Series {
  readonly p50: number
  readonly p99: number
  readonly runs: number
}

export function seriesOf(values: readonly number[]): Series {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), runs: sorted.length }
}

/** Milliseconds that body takes. */
export async function timed(body: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await body()
  return performance.now() - since
}

export interface Row {
  readonly what: string
  readonly ours: Series
  /** The floor, measured in turn with ours; absent where there is none. */
  readonly bare?: Series
}

export function table(rows: readonly Row[]): string {
  const cell = (series: Series | undefined): string => (series ? `${series.p50.toFixed(1)} / ${series.p99.toFixed(1)}` : '-')
  const lines = rows.map(({ what, ours, bare }) => {
    const ratio = bare ? (ours.p50 / bare.p50).toFixed(2) : '-'
    return `| ${what} | ${cell(ours)} | ${cell(bare)} | ${ratio} | ${ours.runs} |`
  })
  return [
    '| what | Insula p50 / p99, ms | bare crun p50 / p99, ms | ratio of p50 | runs |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}
