/** A process that works on a volume without end, to be killed at any moment: layers and areas come and go. */

import { writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { filled } from './awkward-tree.ts'

const [path = '', seed = '0'] = process.argv.slice(2)
const vzfs = await openVzfs(path, {
  files: realFileCalls(),
  quota: realQuota,
  warn: (message) => process.stderr.write(`${message}\n`),
  threads: 2,
})
/** One byte for each step that is done, so that whoever watches knows where the work is. */
const stepDone = (): number => writeSync(1, '.')

for (let round = 0; ; round++) {
  stepDone()
  const name = `l${seed}-${round}`
  const source = await vzfs.scratch()
  for (let file = 0; file < 60; file++) {
    writeFileSync(join(source, `f${file}`), filled(6000, Number(seed) * 100_000 + round * 40 + file))
  }
  stepDone()
  await vzfs.layers.build(name, source)
  stepDone()
  const ids = Array.from({ length: 6 }, (_, index) => Number(seed) * 1_000_000 + round * 10 + index + 1)
  await Promise.all(ids.map((id) => vzfs.areas.create(id, 700_000, [name], { id, round: 0 })))
  stepDone()
  await Promise.all(ids.map((id) => vzfs.areas.writeRecord(id, { id, round: 1 })))
  const { upper } = await vzfs.areas.plan(ids[0] ?? 0)
  for (let file = 0; file < 40; file++) writeFileSync(join(upper, `p${file}`), 'private')
  stepDone()
  await Promise.all(ids.slice(0, 4).map((id) => vzfs.areas.remove(id)))
  stepDone()
  if (round % 2 === 0) {
    await Promise.all(ids.slice(4).map((id) => vzfs.areas.remove(id)))
    await vzfs.layers.remove(name)
  }
}
