/** Makes a template version of an archive of a root file system (an OpenVZ template, what debootstrap made, a backup) or of a container image. All or nothing. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { ProcessRunner, RunConfined } from '@insula/kernel'
import type { Vzfs } from '@insula/vzfs'
import { nodeArchitecture } from '../architecture.ts'
import { outOfSpace } from '../build.ts'
import { templateOf } from '../manifest.ts'
import { newVersion } from '../new-version.ts'
import { ConfinedTree } from '../confined-tree.ts'
import { TemplateFailed } from '../failure.ts'
import type { BuildProgress, PackageManager, Template } from '../template.ts'
import { type ArchiveLimits, measure, refused, unpack } from './archive.ts'
import { imageAmong, isLayout, openImage } from './image.ts'
import { findInit, osRelease, resolveIn, runsHere } from './look.ts'

export interface ImportNeed {
  readonly vzfs: Pick<Vzfs, 'path' | 'layers' | 'scratch' | 'discard'>
  readonly runner: ProcessRunner
  readonly runConfined: RunConfined
  readonly onProgress?: (progress: BuildProgress) => void
  /** Told what should be known about what was found. */
  readonly log?: (text: string) => void
  readonly signal?: AbortSignal | undefined
  readonly now?: () => Date
  readonly limits?: ArchiveLimits
}

/** Of a whole operating system with much in it. */
export const IMPORT_LIMITS: ArchiveLimits = { bytes: 16 * 1024 ** 3, files: 400_000 }
/** Highest id inside of a VPS, and what is kept free on the volume. */
const [ID_MOST, SPARE_BYTES] = [65_535, 64 << 20] as const

/** @param archive absolute @throws TemplateFailed; the signal's reason when aborted. Nothing is left then. */
export async function importTemplate(name: string, archive: string, need: ImportNeed): Promise<Template> {
  const { vzfs, signal, onProgress = () => {}, limits = IMPORT_LIMITS, log = () => {} } = need
  signal?.throwIfAborted()
  const layout = await isLayout(archive)
  if (!layout) await mustBeFile(archive)
  const [tree, work] = [await vzfs.scratch(), await vzfs.scratch()]
  try {
    onProgress({ step: 'reading the archive', done: 0 })
    const measured = layout ? null : await measure({ ...need, archive, tree }, limits)
    if (measured) await spaceFor(archive, measured.bytes, vzfs.path)
    const transport = measured ? imageAmong(measured.top) : 'oci'
    const unpacking = (part: number): void => onProgress({ step: 'unpacking', done: 20 + Math.floor(Math.min(1, part) * 60) })
    let digest
    if (transport !== null) {
      const image = await openImage({ ...need, archive, transport, work }, limits)
      await spaceFor(archive, image.size.bytes, vzfs.path)
      digest = image.digest.replace('sha256:', '')
      unpacking(0)
      await image.unpack(tree)
    } else {
      digest = await digestOf(archive, signal)
      await unpack({ ...need, archive, tree }, measured ?? { bytes: 0, files: 0 }, unpacking)
    }
    onProgress({ step: 'looking at it', done: 80 })
    const found = await settle(tree, archive, need.runner, log)
    const manifest = {
      name,
      definition: `imported:${digest}`,
      architecture: nodeArchitecture(),
      sources: [],
      packages: [],
      ...found,
    }
    return await newVersion(manifest, need, tree, templateOf)
  } catch (error) {
    signal?.throwIfAborted()
    throw outOfSpace(error) ? noSpace(archive, vzfs.path, error) : error
  } finally {
    await vzfs.discard(tree)
    await vzfs.discard(work)
  }
}

/** Takes out what no VPS may or should have, and says what it is. */
async function settle(tree: string, archive: string, runner: ProcessRunner, log: (text: string) => void) {
  const init = findInit(tree)
  if (init === null) throw refused(archive, 'there is no init in it (/sbin/init, systemd), so nothing could be started')
  if (!runsHere(tree, init.program)) throw refused(archive, `its ${init.program} is made for another processor`)
  await mustHaveIdsInside(tree, archive, runner)
  const confined = await ConfinedTree.open(tree)
  for (const directory of ['/dev', '/proc', '/sys', '/run', '/tmp']) await confined.clear(directory)
  // Whoever is root in a VPS could open them: of devices it gets what the runtime gives it.
  const devices = ['find', tree, '-xdev', '(', '-type', 'b', '-o', '-type', 'c', ')', '-print', '-delete'] as const
  const removed = (await runner.run(devices)).stdout.split('\n').filter(Boolean).length
  if (removed > 0) log(`${removed} device nodes were left out`)
  if (resolveIn(tree, '/sbin/init') === null) await confined.link('/sbin/init', init.path)
  if (init.init === 'systemd') await confined.write('/etc/machine-id', '')
  if (resolveIn(tree, '/etc/ssh/ssh_host_ed25519_key') ?? resolveIn(tree, '/etc/ssh/ssh_host_rsa_key'))
    log('it has SSH host keys, which all VPSs of it will have alike: remove them from the archive, or make new ones in each VPS')
  const os = osRelease(tree)
  log(`${os.name}; its init is ${init.program} (${init.init})`)
  return {
    description: os.name,
    family: os.family,
    distribution: os.id,
    release: os.version,
    packageManager: packageManagerOf(tree),
    init: init.init,
    initPath: '/sbin/init',
    stopSignal: init.stopSignal,
    readyProbe: init.init === 'systemd' ? ('systemd' as const) : ('none' as const),
  }
}

function packageManagerOf(tree: string): PackageManager {
  if (resolveIn(tree, '/usr/bin/apt-get') !== null) return 'apt'
  return resolveIn(tree, '/usr/bin/dnf') === null ? 'none' : 'dnf'
}

async function mustHaveIdsInside(tree: string, archive: string, runner: ProcessRunner): Promise<void> {
  const above = `+${ID_MOST}`
  const { stdout } = await runner.run([
    'find',
    tree,
    '-xdev',
    '(',
    '-uid',
    above,
    '-o',
    '-gid',
    above,
    ')',
    '-printf',
    '%U:%G /%P',
    '-quit',
  ])
  if (stdout !== '') throw refused(archive, `${stdout} belongs to an id above ${ID_MOST}, which no VPS has`)
}

async function mustBeFile(archive: string): Promise<void> {
  const stats = await stat(archive).catch((error: unknown) => {
    throw refused(archive, `it cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  })
  if (!stats.isFile()) throw refused(archive, 'it is neither a file nor the directory of an OCI image layout')
}

async function digestOf(archive: string, signal: AbortSignal | undefined): Promise<string> {
  const state = createHash('sha256')
  await pipeline(createReadStream(archive, { highWaterMark: 1 << 20 }), state, signal ? { signal } : {})
  return state.digest('hex')
}

async function spaceFor(archive: string, bytes: number, volume: string): Promise<void> {
  const { bavail, bsize } = await statfs(volume)
  if (bavail * bsize < bytes + SPARE_BYTES) throw noSpace(archive, volume)
}

function noSpace(archive: string, volume: string, cause?: unknown): TemplateFailed {
  const remedy = 'remove templates or VPSs that are not needed, or enlarge the volume'
  return new TemplateFailed('no_space', `${archive} cannot become a template: there is no room for it on ${volume}`, remedy, {
    cause,
  })
}
