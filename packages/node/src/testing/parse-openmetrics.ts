/** Reads OpenMetrics text, strictly, as a monitoring system would: for tests. Written from the standard's grammar, not from our writer. */

export interface ParsedFamily {
  type: string
  unit: string
  help: string
  samples: { name: string; labels: Record<string, string>; value: number }[]
}

const DESCRIPTOR = /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^\\"\n]|\\.)*)"(,|$)/sy
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)$/
const SUFFIXES: Readonly<Record<string, string>> = { counter: '_total', gauge: '' }

/** @throws with the line that is wrong */
export function parseOpenMetrics(text: string): Map<string, ParsedFamily> {
  if (!text.endsWith('# EOF\n')) throw new Error('it does not end with "# EOF" and a line end')
  const families = new Map<string, ParsedFamily>()
  const told = new Set<string>()
  let current = ''
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const wrong = (why: string): never => {
      throw new Error(`${why}: ${JSON.stringify(line)}`)
    }
    const [, word, name = '', rest = ''] = DESCRIPTOR.exec(line) ?? []
    if (word !== undefined) {
      if (name !== current && families.has(name)) wrong('it comes back to a family')
      current = name
      const family = families.get(name) ?? { type: '', unit: '', help: '', samples: [] }
      families.set(name, family)
      if (family.samples.length > 0) wrong('it describes a family after its samples')
      if (told.has(`${word} ${name}`)) wrong('it is said twice')
      told.add(`${word} ${name}`)
      if (word === 'TYPE') family.type = rest in SUFFIXES ? rest : wrong('there is no such type here')
      if (word === 'UNIT') family.unit = name.endsWith(`_${rest}`) ? rest : wrong('the name does not end with the unit')
      if (word === 'HELP') family.help = unescaped(rest) ?? wrong('it is not escaped')
      continue
    }
    const [, sample = '', inner, value = ''] = SAMPLE.exec(line) ?? wrong('it is no sample')
    const family = families.get(current) ?? wrong('it has no family')
    if (sample !== `${current}${SUFFIXES[family.type]}`) wrong(`it is not of ${current}`)
    if (!NUMBER.test(value)) wrong('it has no number')
    const labels = labelsIn(inner ?? '') ?? wrong('its labels cannot be read')
    const same = (other: { labels: object }): boolean => JSON.stringify(other.labels) === JSON.stringify(labels)
    if (family.samples.some(same)) wrong('the same labels come twice')
    family.samples.push({ name: sample, labels, value: Number(value.replace('Inf', 'Infinity')) })
  }
  return families
}

function labelsIn(text: string): Record<string, string> | null {
  const labels = new Map<string, string>()
  for (LABEL.lastIndex = 0; LABEL.lastIndex < text.length;) {
    const [, name = '', value = '', end] = LABEL.exec(text) ?? []
    const meant = unescaped(value)
    if (end === undefined || meant === null || labels.has(name)) return null
    labels.set(name, meant)
  }
  return Object.fromEntries(labels)
}

/** null when a backslash stands before something that it cannot stand before, or a quote before none. */
function unescaped(text: string): string | null {
  if (!/^(?:[^\\"\n]|\\[\\n"])*$/s.test(text)) return null
  return text.replaceAll(/\\(.)/gs, (_, letter: string) => (letter === 'n' ? '\n' : letter))
}
