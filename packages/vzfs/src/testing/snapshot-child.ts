/** A process that does one thing with snapshots, and is killed before or after its nth move; or at any moment by whoever started it. */

import { rename } from 'node:fs/promises'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { IDS } from '../quota/ids.ts'

const [path = '', action = '', nth = '-1', when = 'before'] = process.argv.slice(2)
let moves = 0
const die = (): void => void process.kill(process.pid, 'SIGKILL')
const vzfs = await openVzfs(path, {
  files: realFileCalls(),
  quota: realQuota,
  warn: (message) => process.stderr.write(`${message}\n`),
  threads: 2,
  async moved(from, to) {
    const here = moves === Number(nth)
    moves += 1
    if (here && when === 'before') die()
    await rename(from, to)
    if (here) die()
  },
})
const wish = (name: string) => ({ name, cause: 'asked' as const, comment: null, expiresAt: null, record: {} })
process.stdout.write('begun\n')
if (action === 'create') await vzfs.snapshots.create(1, wish('made'))
else if (action === 'rollback') await vzfs.snapshots.rollback(1, 'old', wish('before'))
else await vzfs.clone({ id: 1, snapshot: null }, { id: 2, base: 60 * IDS, record: {} })
await vzfs.close()
process.stdout.write(`done ${moves}\n`)
