/** Does one thing with area 1 of a volume, and before each step says so and waits to be told to go on: `power-steps.ts VOLUME KIND`. */

import { rename } from 'node:fs/promises'
import { readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import type { OverlayPlan } from '../vzfs.ts'
import { baseOf, IDENTITY, OF_CLONE } from './power-states.ts'
import { relinkHere } from './relink-here.ts'

const [path = '', kind = ''] = process.argv.slice(2)
const word = Buffer.alloc(1)
const step = (): void => {
  writeSync(1, '.')
  readSync(0, word)
}

if (kind === 'relink' || kind === 'take-back') await relinkHere(path, 1, ['os@0'], step, kind === 'relink' ? 'all' : 'none')
else {
  const vzfs = await openVzfs(path, {
    files: realFileCalls(),
    quota: realQuota,
    warn: (message) => process.stderr.write(`${message}\n`),
    threads: 1,
    async moved(from, to) {
      step()
      await rename(from, to)
      step()
    },
  })
  if (kind === 'rebase') await vzfs.areas.rebase(1, ['os@1'], { share: 'all' })
  else {
    // As a new identity is written: by whoever mounts it, with no thought of the disk.
    const adapt = async ({ upper }: OverlayPlan): Promise<void> => {
      writeFileSync(join(upper, IDENTITY), OF_CLONE)
      step()
    }
    await vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: baseOf(3), record: null, adapt })
  }
  step()
  await vzfs.close()
}
