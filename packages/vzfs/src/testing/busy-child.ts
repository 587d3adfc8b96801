/** A process that works on a volume without end, to be killed at any moment: layers and areas come and go. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { filled } from './awkward-tree.ts'

const [path = '', seed = '0'] = process.argv.slice(2)
const vzfs = await openVzfs(path, { files: realFileCalls(), warn: (message) => process.stderr.write(`${message}\n`), threads: 2 })
process.stdout.write('open\n')

for (let round = 0; ; round++) {
  const name = `l${seed}-${round}`
  const source = await vzfs.scratch()
  for (let file = 0; file < 60; file++)
    writeFileSync(join(source, `f${file}`), filled(6000, Number(seed) * 100_000 + round * 40 + file))
  const ids = Array.from({ length: 6 }, (_, index) => Number(seed) * 1_000_000 + round * 10 + index + 1)
  await vzfs.layers.build(name, source)
  await Promise.all(ids.map((id) => vzfs.areas.create(id, 700_000, [name], { id, round: 0 })))
  await Promise.all(ids.map((id) => vzfs.areas.writeRecord(id, { id, round: 1 })))
  const { upper } = await vzfs.areas.plan(ids[0] ?? 0)
  for (let file = 0; file < 40; file++) writeFileSync(join(upper, `p${file}`), 'private')
  await Promise.all(ids.slice(0, 4).map((id) => vzfs.areas.remove(id)))
  if (round % 2 === 0) {
    await Promise.all(ids.slice(4).map((id) => vzfs.areas.remove(id)))
    await vzfs.layers.remove(name)
  }
}
