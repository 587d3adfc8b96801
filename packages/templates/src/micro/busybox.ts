/** Debian's static BusyBox: the node's own if it has it, otherwise taken out of the signed package. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import { isStaticProgram } from './elf.ts'

export interface Busybox {
  /** A file on the node. */
  readonly path: string
  /** Of the package busybox-static. */
  readonly version: string
  /** "sbin/init", "usr/bin/awk", ... */
  readonly applets: readonly string[]
}

const PACKAGE = 'busybox-static'
const PLACES = ['/usr/bin/busybox', '/bin/busybox'] as const

export async function findBusybox(runner: ProcessRunner, work: string, signal?: AbortSignal): Promise<Busybox> {
  const installed = await installedVersion(runner)
  const own = installed === null ? null : await firstStatic(PLACES)
  const { path, version } =
    own !== null && installed !== null ? { path: own, version: installed } : await download(runner, work, signal)
  const { stdout } = await runner.run([path, '--list-full'])
  const applets = stdout.split('\n').filter((line) => /^[\w./[-]+$/.test(line) && !line.includes('..'))
  if (!applets.some((applet) => applet.endsWith('/init'))) {
    throw new TemplateFailed(
      'failed',
      `${path} has no init, so no VPS could start from it`,
      `install Debian's with: apt-get install ${PACKAGE}`,
    )
  }
  return { path, version, applets }
}

/** null when the package is not installed: a busybox of unknown origin is not used. */
async function installedVersion(runner: ProcessRunner): Promise<string | null> {
  const { code, stdout } = await runner.run(['dpkg-query', '--show', '--showformat=${db:Status-Status} ${Version}', PACKAGE], {
    accept: [0, 1],
  })
  const [status, version] = stdout.split(' ')
  return code === 0 && status === 'installed' && version !== undefined ? version : null
}

async function firstStatic(places: readonly string[]): Promise<string | null> {
  for (const path of places) {
    const bytes = await readFile(path).catch(() => null)
    if (bytes !== null && isStaticProgram(bytes)) return path
  }
  return null
}

async function download(runner: ProcessRunner, work: string, signal?: AbortSignal) {
  const options = { cwd: work, deadline: 5 * 60_000, ...(signal ? { signal } : {}) }
  try {
    // The directory is root's alone, so apt cannot download as its sandbox user.
    await runner.run(['apt-get', '--quiet', '--option=APT::Sandbox::User=root', 'download', PACKAGE], options)
  } catch (cause) {
    signal?.throwIfAborted()
    if (!(cause instanceof ProcessFailed)) throw cause
    const remedy = `install it with: apt-get update && apt-get install ${PACKAGE}`
    throw new TemplateFailed(
      'mirror_unreachable',
      `template micro could not be built: the package ${PACKAGE} cannot be downloaded (${cause.message})`,
      remedy,
      {
        cause,
      },
    )
  }
  const archive = (await readdir(work)).find((name) => name.startsWith(`${PACKAGE}_`) && name.endsWith('.deb'))
  if (archive === undefined) throw new Error(`apt-get download ${PACKAGE} ended well and left no package in ${work}`)
  const unpacked = join(work, 'unpacked')
  await runner.run(['dpkg-deb', '--extract', join(work, archive), unpacked], options)
  const { stdout } = await runner.run(['dpkg-deb', '--field', join(work, archive), 'Version'], options)
  const path = await firstStatic(PLACES.map((place) => join(unpacked, place)))
  if (path === null) throw new Error(`package ${archive} holds no static busybox`)
  return { path, version: stdout.trim() }
}
