/** Volumes on the running kernel: XFS on a loop device, or a directory that the administrator brings. */

import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { realFileCalls } from '../files/real.ts'
import type { PrivateMounts } from '../mounts/mounts.ts'
import { ProcessFailed, type ProcessRunner } from '../process/runner.ts'
import type { UserNamespaces } from '../userns/userns.ts'
import type { VolumeFeatures, Volumes, VolumeSpace } from './volume.ts'

/** mkfs.xfs refuses less. */
const LEAST_BYTES = 300 * 1024 * 1024
/** What a volume must find free below it, however sparse it starts: templates and the first VPSs need it. */
const LEAST_FREE = 2 * 1024 ** 3
const QUOTA = 'uquota,gquota,pquota'

export interface VolumeMeans {
  readonly runner: ProcessRunner
  readonly mounts: PrivateMounts
  readonly userNamespaces: UserNamespaces
}

export function realVolumes(means: VolumeMeans): Volumes {
  return {
    async ensureLoopVolume(image, path, size) {
      if (mountAt(path)) return
      mkdirSync(path, { recursive: true, mode: 0o711 })
      if (!existsSync(image)) await makeImage(means.runner, image, size)
      await mountImage(means.runner, image, path)
    },
    async detach(path) {
      if (!mountAt(path)) return
      // The loop device goes with its last user (mount -o loop sets autoclear).
      await means.runner.run(['umount', path])
    },
    mounted: async (path) => mountAt(path) !== null,
    probe: (path) => probe(means, path),
    space: async (path) => spaceOf(path),
  }
}

async function makeImage(runner: ProcessRunner, image: string, size: number): Promise<void> {
  const what = `cannot make the volume ${image}`
  if (size < LEAST_BYTES)
    throw new Error(`${what}: ${size} bytes are less than the ${LEAST_BYTES} that XFS needs; choose a larger --size`)
  mkdirSync(dirname(image), { recursive: true, mode: 0o711 })
  const { freeBytes } = spaceOf(dirname(image))
  if (freeBytes < Math.min(size, LEAST_FREE)) {
    throw new Error(
      `${what}: ${dirname(image)} has ${freeBytes} bytes free and needs ${Math.min(size, LEAST_FREE)}; free some space or bring a volume with --volume DIR`,
    )
  }
  // Under another name until it is whole, so that what was cut off is never taken for a volume.
  const unfinished = `${image}.unfinished`
  rmSync(unfinished, { force: true })
  try {
    const file = openSync(unfinished, 'w', 0o600)
    ftruncateSync(file, size)
    closeSync(file)
    await runner.run(['mkfs.xfs', '-q', '-m', 'reflink=1', unfinished])
    renameSync(unfinished, image)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
  }
}

async function mountImage(runner: ProcessRunner, image: string, path: string): Promise<void> {
  if (!existsSync('/dev/loop-control'))
    throw new Error(`cannot mount ${image}: this machine has no loop devices (modprobe loop), bring a volume with --volume DIR`)
  const mount = (options: string): Promise<unknown> => runner.run(['mount', '-t', 'xfs', '-o', options, image, path])
  try {
    await mount(`loop,${QUOTA}`)
  } catch (error) {
    // A kernel without CONFIG_XFS_QUOTA refuses the options; what remains is said by probe.
    if (!(error instanceof ProcessFailed) || !/bad option|invalid argument|wrong fs type/i.test(error.stderr)) throw error
    await mount('loop')
  }
}

interface Mount {
  readonly type: string
  readonly device: string
  readonly options: string
}

/** The mount that is exactly at `path`; proc(5) mountinfo. The last one lies on top. */
function mountAt(path: string): Mount | null {
  return mounts().findLast(({ target }) => target === path) ?? null
}

function mounts(): (Mount & { readonly target: string })[] {
  return readFileSync('/proc/thread-self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const [type = '', device = '', options = ''] = after.split(' ')
      return { target: (before.split(' ')[4] ?? '').replace(/\\040/g, ' '), type, device, options }
    })
}

/** The mount that `path` lies on: the longest mount point that contains it. */
function mountOf(path: string): Mount {
  const holding = mounts().filter(({ target }) => `${path}/`.startsWith(target === '/' ? '/' : `${target}/`))
  const longest = Math.max(...holding.map(({ target }) => target.length))
  return holding.findLast(({ target }) => target.length === longest) ?? { type: 'unknown', device: '', options: '' }
}

async function probe(means: VolumeMeans, path: string): Promise<VolumeFeatures> {
  const mount = mountOf(path)
  const options = mount.options.split(',')
  const problem = await tryOverlay(means, path)
  return {
    path,
    fsType: mount.type,
    device: mount.device,
    projectQuota: options.includes('prjquota') || options.includes('pquota'),
    userQuota: options.includes('usrquota') || options.includes('uquota') || options.includes('quota'),
    reflink: await tryReflink(means.runner, path),
    vzfs: problem === null,
    vzfsProblem: problem,
  }
}

async function tryReflink(runner: ProcessRunner, path: string): Promise<boolean> {
  const place = mkdtempSync(join(path, '.probe-'))
  try {
    writeFileSync(join(place, 'a'), Buffer.alloc(8192, 1))
    await runner.run(['cp', '--reflink=always', join(place, 'a'), join(place, 'b')])
    return true
  } catch {
    return false
  } finally {
    rmSync(place, { recursive: true })
  }
}

/** Mounts what VZFS mounts, once, in a private mount namespace, and reads a shared file through it. Returns what failed. */
async function tryOverlay(means: VolumeMeans, path: string): Promise<string | null> {
  const place = mkdtempSync(join(path, '.probe-'))
  try {
    for (const name of ['layer', 'pool/aa', 'upper', 'work', 'root']) mkdirSync(join(place, name), { recursive: true })
    writeFileSync(join(place, 'pool/aa/content'), 'shared')
    const stub = join(place, 'layer/file')
    const fd = openSync(stub, 'w')
    ftruncateSync(fd, 6)
    closeSync(fd)
    const files = realFileCalls()
    files.setXattr(Buffer.from(stub), 'trusted.overlay.metacopy', Buffer.alloc(0))
    files.setXattr(Buffer.from(stub), 'trusted.overlay.redirect', Buffer.from('/aa/content'))
    using userns = await means.userNamespaces({ base: 2 ** 28, size: 65_536 })
    return means.mounts.inPrivateCopy((calls) => {
      const overlay = {
        layers: [join(place, 'layer')],
        pool: join(place, 'pool'),
        upper: join(place, 'upper'),
        work: join(place, 'work'),
        root: join(place, 'root'),
      }
      calls.overlay({ ...overlay, options: ['metacopy=on', 'redirect_dir=on'] }, userns.fd)
      const read = readFileSync(join(place, 'root/file'), 'utf8')
      return read === 'shared' ? null : 'a shared file did not read back'
    })
  } catch (error) {
    return (error as Error).message
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function spaceOf(path: string): VolumeSpace {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(path)
  return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, totalInodes: files, freeInodes: ffree }
}
