/** One file that holds a file system for a whole node: made whole or not at all, and mounted through a loop device. */

import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { ProcessFailed, type ProcessRunner } from '../process/runner.ts'
import { spaceOf } from './space.ts'
import { VolumeRefused, type Volumes } from './volume.ts'

/** mkfs.xfs refuses less. */
const LEAST_BYTES = 300 * 1024 * 1024
/** What a volume must find free below it, however sparse it starts: templates and the first VPSs need it. */
const LEAST_FREE = 2 * 1024 ** 3
const QUOTA = 'uquota,gquota,pquota'
const OTHER_VOLUME = 'bring a volume of your own with --volume DIR'

const inMiB = (bytes: number): string => `${Math.floor(bytes / 1024 ** 2)}M`

/** Of an attempt that failed nothing is left that it made. */
export async function makeAndMount(runner: ProcessRunner, ...[image, path, size]: Parameters<Volumes['ensureLoopVolume']>) {
  const what = `cannot make the volume ${image}`
  if (!existsSync('/dev/loop-control')) {
    throw new Error(`${what}: this machine has no loop devices; load them with: modprobe loop, or ${OTHER_VOLUME}`)
  }
  const madeHere: (() => void)[] = []
  try {
    for (const directory of [dirname(image), path]) {
      const first = mkdirSync(directory, { recursive: true, mode: 0o711 })
      if (first !== undefined) madeHere.push(() => removeEmpty(directory, first))
    }
    if (!existsSync(image)) {
      await makeImage(runner, image, size)
      madeHere.push(() => rmSync(image, { force: true }))
    }
    await mountImage(runner, image, path)
  } catch (error) {
    for (const undo of madeHere.toReversed()) undo()
    const message = `${what}: ${(error as Error).message}`
    throw error instanceof VolumeRefused
      ? new VolumeRefused(error.reason, message, { cause: error })
      : new Error(message, { cause: error })
  }
}

async function makeImage(runner: ProcessRunner, image: string, size: number): Promise<void> {
  if (size < LEAST_BYTES) {
    throw new VolumeRefused(
      'too_small',
      `${inMiB(size)} are less than the ${inMiB(LEAST_BYTES)} that XFS needs; choose a larger --size`,
    )
  }
  const directory = dirname(image)
  const { freeBytes } = spaceOf(directory)
  const needed = Math.min(size, LEAST_FREE)
  if (freeBytes < needed) {
    throw new VolumeRefused(
      'no_space',
      `${directory} has ${inMiB(freeBytes)} free and needs ${inMiB(needed)}; free some space there, or ${OTHER_VOLUME}`,
    )
  }
  // Under another name until it is whole, so that what was cut off is never taken for a volume.
  const unfinished = `${image}.unfinished`
  rmSync(unfinished, { force: true })
  try {
    const file = openSync(unfinished, 'w', 0o600)
    try {
      ftruncateSync(file, size)
    } finally {
      closeSync(file)
    }
    await runner.run(['mkfs.xfs', '-q', '-m', 'reflink=1', unfinished])
    renameSync(unfinished, image)
  } finally {
    rmSync(unfinished, { force: true })
  }
}

export async function mountImage(runner: ProcessRunner, image: string, path: string): Promise<void> {
  const mount = (options: string): Promise<unknown> => runner.run(['mount', '-t', 'xfs', '-o', options, image, path])
  try {
    await mount(`loop,${QUOTA}`).catch((error: unknown) => {
      // A kernel without CONFIG_XFS_QUOTA refuses the options; what remains is said by probe.
      if (!(error instanceof ProcessFailed) || !/bad option|invalid argument|wrong fs type/i.test(error.stderr)) throw error
      return mount('loop')
    })
  } catch (error) {
    if (error instanceof ProcessFailed && /unknown filesystem type/i.test(error.stderr)) {
      throw new Error(`this kernel has no XFS; load it with: modprobe xfs, or ${OTHER_VOLUME}`, { cause: error })
    }
    throw error
  }
}

/** From `directory` up to `first`, the highest that was made, as far as nobody has put anything there. */
function removeEmpty(directory: string, first: string): void {
  for (let current = directory; current.startsWith(first); current = dirname(current)) {
    try {
      rmdirSync(current)
    } catch {
      return
    }
  }
}
