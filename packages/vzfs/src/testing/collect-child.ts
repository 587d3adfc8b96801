/** A process that collects, checks and repairs without end, to be killed at any moment, while layers come and go. */

import { rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { layerOf, poolOf } from './fill.ts'

const [path = '', seed = '0'] = process.argv.slice(2)
const vzfs = await openVzfs(path, {
  files: realFileCalls(),
  quota: realQuota,
  warn: (message) => process.stderr.write(`${message}\n`),
  threads: 2,
})
const stepDone = (): number => writeSync(1, '.')
const seeds = (from: number): number[] => Array.from({ length: 60 }, (_, index) => from + index)

for (let round = 0; ; round++) {
  const name = `l${seed}-${round}`
  await layerOf(vzfs, name, seeds(Number(seed) * 1_000 + round * 20))
  await layerOf(vzfs, `${name}-copy`, seeds(Number(seed) * 1_000 + round * 20 + 10))
  stepDone()
  await vzfs.layers.remove(name)
  stepDone()
  await vzfs.collect()
  stepDone()
  // Damage that can be undone: the same bytes lie in an area.
  const digest = poolOf(vzfs)[round % 40] ?? ''
  rmSync(join(path, 'pool', digest.slice(0, 2), digest.slice(2)))
  stepDone()
  await vzfs.repair({ contents: true, from: [join(path, '..', 'bytes')] })
  stepDone()
}
