/** A process that works on a volume and says what is done: what it has said must outlive a loss of power. `power-child.ts VOLUME` */

import { writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { filled } from './awkward-tree.ts'
import type { Said } from './power-loss.ts'

const [path = ''] = process.argv.slice(2)
const vzfs = await openVzfs(path, {
  files: realFileCalls(),
  quota: realQuota,
  warn: (message) => process.stderr.write(`${message}\n`),
  threads: 2,
})
const say = (said: Said): void => void writeSync(1, `${JSON.stringify(said)}\n`)

for (let round = 0; ; round++) {
  const layer = `l-${round}`
  const source = await vzfs.scratch()
  for (let file = 0; file < 40; file++) writeFileSync(join(source, `f${file}`), filled(6000, round * 20 + file))
  await vzfs.layers.build(layer, source)
  say({ layer })
  const ids = [1, 2, 3].map((nth) => round * 10 + nth)
  for (const id of ids) {
    await vzfs.areas.create(id, id * 65_536, [layer], { id, version: 0 })
    say({ area: id, version: 0 })
  }
  for (const id of ids) {
    await vzfs.areas.writeRecord(id, { id, version: 1 })
    say({ area: id, version: 1 })
  }
  for (const id of ids.slice(round % 2)) {
    say({ removing: `area ${id}` })
    await vzfs.areas.remove(id)
    say({ removed: `area ${id}` })
  }
  if (round % 2 === 0) {
    say({ removing: `layer ${layer}` })
    await vzfs.layers.remove(layer)
    say({ removed: `layer ${layer}` })
  }
}
