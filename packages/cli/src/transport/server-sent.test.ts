import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { serverSentData } from './server-sent.ts'

async function* pieces(text: string, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  const points = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b)
  for (const [at, from] of points.slice(0, -1).entries()) yield bytes.subarray(from, points[at + 1])
}

async function read(text: string, cuts: readonly number[] = []): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const data of serverSentData(pieces(text, cuts))) all.push(data)
  return all
}

test('data of each event, comments and other fields left out', async () => {
  assert.deepEqual(await read(': hello\n\nid: 1\nevent: x\ndata: {"a":1}\n\ndata:[1,\ndata: 2]\n\ndata: "cut off"'), [
    { a: 1 },
    [1, 2],
  ])
})

test('the same however the bytes are cut, with any line ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string(), { maxLength: 4 }),
      fc.constantFrom('\n', '\r\n'),
      fc.array(fc.nat(), { maxLength: 10 }),
      async (values, end, cuts) => {
        // On two lines, as any JSON may be.
        const text = values.map((value) => `id: 1${end}data: [${end}data: ${JSON.stringify(`ü${value}`)}]${end}${end}`).join('')
        assert.deepEqual(
          await read(text, cuts),
          values.map((value) => [`ü${value}`]),
        )
      },
    ),
  )
})
