import assert from 'node:assert/strict'
import { closeSync, readSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openPipe } from '@insula/kernel'
import { pipeSink } from './byte-stream.ts'

const CHUNKS = 100

test('a sink that is written to again and again, or has much to write, gathers no listeners', async (t) => {
  const warnings: string[] = []
  const warned = (warning: Error): void => void warnings.push(String(warning))
  process.on('warning', warned)
  t.after(() => process.off('warning', warned))
  const { read, write } = openPipe()
  const sink = pipeSink(write)
  for (let count = 0; count < CHUNKS; count += 1) await sink.write(Buffer.from('x'))
  await Promise.all(Array.from({ length: CHUNKS }, () => sink.write(Buffer.from('y'))))
  sink.end()
  const all = Buffer.alloc(3 * CHUNKS)
  assert.equal(readSync(read, all), 2 * CHUNKS)
  closeSync(read)
  await turn()
  assert.deepEqual(warnings, [])
})

test('writes end when their reader goes away, those that wait and those that come later', async () => {
  const { read, write } = openPipe()
  const sink = pipeSink(write)
  // More than any pipe holds.
  const waiting = Array.from({ length: 4 }, () => sink.write(Buffer.alloc(1024 * 1024)))
  await turn()
  closeSync(read)
  await Promise.all(waiting)
  await sink.write(Buffer.from('late'))
})
