/**
 * A volume on an image whose state at any moment can be had as a copy: what a disk holds when the power goes. The image lies on a file system that clones
 * files, so a copy is one moment of it, with everything that was written to it and nothing that was only in the kernel's memory.
 */

import { copyFileSync, constants, mkdirSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { realPrivateMounts, realProcessRunner, realUserNamespaces, realVolumes } from '@insula/kernel'

const runner = realProcessRunner()
const OUTER_BYTES = 6 * 1024 ** 3
const INNER_BYTES = 400 * 1024 ** 2

export interface LoopVolume extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string
  /** One moment, to be looked at later. */
  copyNow(): Copy
}

export interface Copy {
  mounted<T>(body: (path: string) => Promise<T>): Promise<T>
}

export async function loopVolume(): Promise<LoopVolume> {
  const scratch = mkdtempSync('/var/tmp/insula-power-')
  const [outer, path, other] = ['outer', 'volume', 'copy'].map((name) => join(scratch, name)) as [string, string, string]
  for (const directory of [outer, path, other]) mkdirSync(directory)
  const volumes = realVolumes({ runner, mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })
  await volumes.ensureLoopVolume(join(scratch, 'outer.img'), outer, OUTER_BYTES)
  const image = join(outer, 'image')
  await volumes.ensureLoopVolume(image, path, INNER_BYTES)
  let copies = 0

  const copyNow = (): Copy => {
    const copy = join(outer, `copy-${(copies += 1)}`)
    copyFileSync(image, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    return {
      async mounted(body) {
        // It has the name of the one that it is a copy of.
        await runner.run(['mount', '-o', 'loop,nouuid', copy, other])
        try {
          return await body(other)
        } finally {
          await runner.run(['umount', other])
          unlinkSync(copy)
        }
      },
    }
  }
  return {
    path,
    copyNow,
    async [Symbol.asyncDispose]() {
      // Lazily: another process that copied its mount namespace meanwhile may hold them for as long as it lives.
      for (const mounted of [path, outer]) await runner.run(['umount', '--lazy', mounted])
      rmSync(scratch, { recursive: true })
    },
  }
}
