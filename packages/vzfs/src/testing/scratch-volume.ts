/** A volume of its own for each test, on a real file system, gone afterwards. */

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import type { Vzfs } from '../vzfs.ts'

export interface ScratchVolume {
  readonly vzfs: Vzfs
  /** A directory on the same file system, outside of the volume. */
  readonly beside: string
  readonly warnings: string[]
}

/** @param directory not the system's /tmp, which may be a tmpfs: volumes lie on disks */
export async function scratchVolume(t: TestContext, directory = '/var/tmp'): Promise<ScratchVolume> {
  const beside = await mkdtemp(`${directory}/insula-vzfs-`)
  const warnings: string[] = []
  const vzfs = await openVzfs(join(beside, 'volume'), {
    files: realFileCalls(),
    quota: realQuota,
    warn: (message) => warnings.push(message),
    threads: 2,
  })
  t.after(async () => {
    await vzfs.close()
    await rm(beside, { recursive: true, force: true })
  })
  return { vzfs, beside, warnings }
}
