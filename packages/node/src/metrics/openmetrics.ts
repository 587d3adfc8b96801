/** Writes metrics as text. OpenMetrics 1.0.0, "Text format". */

export interface Family {
  readonly name: string
  /** A counter's samples are named with "_total" at the end. */
  readonly type: 'gauge' | 'counter'
  readonly help: string
  readonly samples: readonly Sample[]
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Units that a name may end with, as the standard wants them told. */
const UNIT = /_(bytes|seconds)$/
const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** @throws TypeError for a name that is none */
export function openMetrics(families: readonly Family[]): string {
  return `${families.map(familyText).join('')}# EOF\n`
}

function familyText({ name, type, help, samples }: Family): string {
  requireName(METRIC_NAME, name)
  const unit = UNIT.exec(name)?.[1]
  const sample = type === 'counter' ? `${name}_total` : name
  return [
    `# TYPE ${name} ${type}\n`,
    unit === undefined ? '' : `# UNIT ${name} ${unit}\n`,
    `# HELP ${name} ${escaped(help)}\n`,
    ...samples.map(({ labels, value }) => `${sample}${labelText(labels)} ${numberText(value)}\n`),
  ].join('')
}

function labelText(labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    requireName(LABEL_NAME, name)
    return `${name}="${escaped(value)}"`
  })
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

function requireName(rule: RegExp, name: string): void {
  if (!rule.test(name)) throw new TypeError(`"${name}" cannot be a name in OpenMetrics`)
}
