/** A volume on an XFS of its own, which shares blocks between files, gone after the test file. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { realPrivateMounts, realProcessRunner, realUserNamespaces, realVolumes } from '@insula/kernel'

const BYTES = 512 * 1024 ** 2

/** A directory on it. @param users who must let go of it first */
export async function xfsDirectory(users: readonly (() => unknown)[] = []): Promise<string> {
  const beside = mkdtempSync('/var/tmp/insula-vzfs-xfs-')
  const volumes = realVolumes({ runner: realProcessRunner(), mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })
  const path = join(beside, 'mounted')
  mkdirSync(path)
  await volumes.ensureLoopVolume(join(beside, 'image'), path, BYTES)
  after(async () => {
    for (const letGo of users) await letGo()
    await volumes.detach(path)
    rmSync(beside, { recursive: true })
  })
  return path
}
