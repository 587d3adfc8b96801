import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseOpenMetrics } from '../testing/parse-openmetrics.ts'
import { type Family, openMetrics } from './openmetrics.ts'

const nasty = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '{', '}', ',', '=', ' ', '#', 'é', '\r') }),
)
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/).filter((name) => name !== '__proto__')
const value = fc.oneof(fc.double(), fc.maxSafeInteger())
const sample = fc.record({ labels: fc.dictionary(labelName, nasty, { maxKeys: 4, noNullPrototype: true }), value })
const family = (name: string): fc.Arbitrary<Family> =>
  fc.record({
    name: fc.constantFrom(name, `${name}_bytes`, `${name}_seconds`),
    type: fc.constantFrom('gauge', 'counter'),
    help: nasty,
    samples: fc.uniqueArray(sample, { selector: ({ labels }) => JSON.stringify(labels), maxLength: 5 }),
  })

test('what is written can be read back, whatever labels and help say', () => {
  fc.assert(
    fc.property(fc.tuple(family('a'), family('b')), (families) => {
      const read = parseOpenMetrics(openMetrics(families))
      assert.deepEqual(
        [...read.keys()],
        families.map(({ name }) => name),
      )
      for (const { name, type, help, samples } of families) {
        const found = read.get(name)
        assert.deepEqual([found?.type, found?.help], [type, help])
        const sampleName = type === 'counter' ? `${name}_total` : name
        // -0 is written as 0, which is the same number to a reader.
        assert.deepEqual(
          found?.samples,
          samples.map(({ labels, value }) => ({ name: sampleName, labels, value: value === 0 ? 0 : value })),
        )
      }
    }),
    { numRuns: 500 },
  )
})

test('the text is as the standard has it', () => {
  const text = openMetrics([
    {
      name: 'insula_vps_cpu_seconds',
      type: 'counter',
      help: 'It says "used" \\ so',
      samples: [{ labels: { vps: '101', name: 'a"b\\c\nd' }, value: 1.5 }],
    },
    { name: 'up', type: 'gauge', help: '', samples: [{ labels: {}, value: 1 }] },
  ])
  assert.equal(
    text,
    [
      '# TYPE insula_vps_cpu_seconds counter',
      '# UNIT insula_vps_cpu_seconds seconds',
      '# HELP insula_vps_cpu_seconds It says \\"used\\" \\\\ so',
      'insula_vps_cpu_seconds_total{vps="101",name="a\\"b\\\\c\\nd"} 1.5',
      '# TYPE up gauge',
      '# HELP up ',
      'up 1',
      '# EOF',
      '',
    ].join('\n'),
  )
})

test('a name that is none is refused', () => {
  const gauge = (name: string, label: string): Family => ({
    name,
    type: 'gauge',
    help: '',
    samples: [{ labels: { [label]: '' }, value: 0 }],
  })
  for (const [name, label] of [
    ['a b', 'l'],
    ['', 'l'],
    ['1a', 'l'],
    ['a', 'l-l'],
    ['a', 'l="'],
    ['a\n', 'l'],
  ] as const)
    assert.throws(() => openMetrics([gauge(name, label)]), TypeError, `${name} ${label}`)
})
