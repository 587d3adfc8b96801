/** A volume as `./up` makes one: XFS in a file, with reflink. Gone afterwards. */

import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls, realPrivateMounts, realProcessRunner, realQuota, realUserNamespaces, realVolumes } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import type { Vzfs } from '../vzfs.ts'

export interface XfsVolume extends AsyncDisposable {
  readonly vzfs: Vzfs
  /** A directory on the same file system, outside of what VZFS uses. */
  readonly beside: string
}

const SIZE = 1024 ** 3

export async function xfsVolume(): Promise<XfsVolume> {
  const scratch = mkdtempSync('/var/tmp/insula-vzfs-xfs-')
  const path = join(scratch, 'volume')
  const volumes = realVolumes({ runner: realProcessRunner(), mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })
  await volumes.ensureLoopVolume(join(scratch, 'image'), path, SIZE)
  const vzfs = await openVzfs(join(path, 'vzfs'), {
    files: realFileCalls(),
    quota: realQuota,
    warn: (message) => process.stderr.write(`${message}\n`),
    threads: 2,
  })
  const beside = mkdtempSync(join(path, 'beside-'))
  return {
    vzfs,
    beside,
    async [Symbol.asyncDispose]() {
      await vzfs.close()
      await volumes.detach(path)
      rmSync(scratch, { recursive: true })
    },
  }
}
