import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseColumns, columnsHelp } from './columns.ts'
import { type Column, fit, table } from './table.ts'
import { moment, since, span } from './time.ts'

interface Row {
  readonly id: number
  readonly name: string
}

const columns: readonly Column<Row>[] = [
  { name: 'id', about: 'number', right: true, value: ({ id }) => String(id) },
  { name: 'name', about: 'name', shrinks: true, value: ({ name }) => name },
]
const rows = [
  { id: 7, name: 'größe' },
  { id: 101, name: 'a-name-that-is-long' },
]

test('columns stand under each other, and nothing trails', () => {
  assert.equal(table(rows, columns, null), ' ID  NAME\n  7  größe\n101  a-name-that-is-long')
  assert.equal(table([], columns, null), 'ID  NAME')
})

test('a text of several lines stays in its row', () => {
  const column = { name: 'comment', about: '', value: ({ text }: { readonly text: string }) => text }
  assert.equal(table([{ text: 'one \n two' }, { text: 'three' }], [column], null), 'COMMENT\none two\nthree')
})

test('on a narrow terminal what may shrink is cut, with a mark', () => {
  assert.equal(table(rows, columns, 16), ' ID  NAME\n  7  größe\n101  a-name-tha…')
})

test('a list is cut between its items, says how many are left out, and gives away what it does not need', () => {
  const listed: readonly Column<Row>[] = [
    ...columns,
    { name: 'at', about: 'addresses', shrinks: 'items', value: ({ id }) => (id === 7 ? '10.0.0.1,10.0.0.2,10.0.0.3' : '-') },
  ]
  const at = (width: number): string | undefined => table(rows, listed, width).split('\n')[1]
  assert.equal(at(52), '  7  größe                10.0.0.1,10.0.0.2,10.0.0.3')
  assert.equal(at(51), '  7  größe                10.0.0.1,10.0.0.2 +1')
  assert.equal(at(45), '  7  größe                10.0.0.1 +2')
  assert.equal(
    table(rows, listed, 37),
    ' ID  NAME                 AT\n  7  größe                10.0.0.1 +2\n101  a-name-that-is-long  -',
  )
  // Never less than one of them.
  assert.equal(table(rows, listed, 10).split('\n')[1], '  7  größe     10.0.0.1 +2')
})

test('widths fit the terminal whenever what must not shrink does', () => {
  const column = fc.record({ wanted: fc.integer({ min: 0, max: 60 }), shrinks: fc.boolean() })
  fc.assert(
    fc.property(fc.array(column, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 200 }), (all, width) => {
      const widths = fit(all, width)
      const total = widths.reduce((sum, one) => sum + one, 0) + 2 * (all.length - 1)
      const smallest =
        all.reduce((sum, { wanted, shrinks }) => sum + (shrinks ? Math.min(wanted, 8) : wanted), 0) + 2 * (all.length - 1)
      assert.ok(total <= Math.max(width, smallest))
      for (const [at, { wanted, shrinks }] of all.entries()) {
        const got = widths[at] as number
        assert.ok(got <= wanted && (shrinks ? got >= Math.min(8, wanted) : got === wanted))
      }
    }),
  )
})

test('columns are chosen by name, in the order asked for', () => {
  assert.deepEqual(
    chooseColumns(columns, ['id'], undefined)?.map(({ name }) => name),
    ['id'],
  )
  assert.deepEqual(
    chooseColumns(columns, ['id'], 'NAME, id')?.map(({ name }) => name),
    ['name', 'id'],
  )
  assert.equal(chooseColumns(columns, ['id'], 'help'), null)
  assert.throws(() => chooseColumns(columns, ['id'], 'id,'), {
    name: 'UsageError',
    message: "there is no column ''; there are id, name",
  })
  assert.equal(columnsHelp(columns), 'id    number\nname  name')
})

test('spans in their two largest units', () => {
  const minute = 60_000
  assert.deepEqual([0, 59_999, 61_000, 3_599_000, 300 * minute + 60_000, 12.5 * 24 * 60 * minute].map(span), [
    '0s',
    '59s',
    '1m1s',
    '59m59s',
    '5h1m',
    '12d12h',
  ])
  assert.equal(since(null), '-')
  assert.equal(since('2026-01-01T00:00:00.000Z', Date.parse('2026-01-01T00:01:05.000Z')), '1m5s')
  assert.match(moment('2026-01-01T00:00:00.000Z'), /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d$/)
})
