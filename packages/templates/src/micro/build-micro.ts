/** Builds the tree of a BusyBox system. */

import { chmod, copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { ConfinedTree } from '../confined-tree.ts'
import type { BuildProgress } from '../template.ts'
import { findBusybox } from './busybox.ts'
import type { MicroRecipe } from './recipe.ts'

export interface MicroBuild {
  readonly runner: ProcessRunner
  readonly recipe: MicroRecipe
  /** Empty directory that will be the system's root. */
  readonly tree: string
  /** Empty directory for temporary files. */
  readonly work: string
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: BuildProgress) => void
}

/** @returns packages with their versions */
export async function buildMicro({
  runner,
  recipe,
  tree: path,
  work,
  signal,
  onProgress,
}: MicroBuild): Promise<Record<string, string>> {
  onProgress({ step: 'finding BusyBox', done: 0 })
  const busybox = await findBusybox(runner, work, signal)
  onProgress({ step: 'making the tree', done: 30 })
  const tree = await ConfinedTree.open(path)
  for (const [name, mode] of Object.entries(recipe.directories)) await tree.directory(name, mode)
  for (const [name, { contents, mode }] of Object.entries(recipe.files)) await tree.write(name, contents, mode)
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
  return { 'busybox-static': busybox.version }
}
