/** Builds the tree of a BusyBox system: a single static program under many names. */

import { chmod, copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { ConfinedTree } from '../confined-tree.ts'
import type { Package } from '../package.ts'
import type { BuildProgress } from '../template.ts'
import { findBusybox } from './busybox.ts'

export interface MicroBuild {
  readonly runner: ProcessRunner
  /** Path inside the template to mode, octal. */
  readonly directories: Readonly<Record<string, string>>
  readonly architecture: string
  /** Empty directory that will be the system's root. */
  readonly tree: string
  /** Empty directory for temporary files. */
  readonly work: string
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: BuildProgress) => void
}

export async function buildMicro(build: MicroBuild): Promise<Package[]> {
  const { runner, directories, architecture, work, signal, onProgress } = build
  onProgress({ step: 'finding BusyBox', done: 0 })
  const busybox = await findBusybox(runner, work, signal)
  onProgress({ step: 'making the tree', done: 30 })
  const tree = await ConfinedTree.open(build.tree)
  for (const [name, mode] of Object.entries(directories)) await tree.directory(name, Number.parseInt(mode, 8))
  // /bin and /sbin are where they are in every Debian since 12.
  for (const name of ['bin', 'sbin', 'lib']) await tree.link(`/${name}`, `usr/${name}`)
  const program = join(tree.root, 'usr/bin/busybox')
  await copyFile(busybox.path, program)
  await chmod(program, 0o755)
  for (const applet of busybox.applets) {
    const name = basename(applet)
    if (name === 'busybox') continue
    const system = applet.includes('sbin/') || name === 'linuxrc'
    await tree.link(system ? `/usr/sbin/${name}` : `/usr/bin/${name}`, system ? '../bin/busybox' : 'busybox')
  }
  return [{ name: 'busybox-static', version: busybox.version, architecture }]
}
