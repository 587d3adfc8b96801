/** The machine's root disk, kernel and volume: built when its definition or the node's package sources are others than those of the cached one. */

import { hash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { buildDebian, originOf } from '@insula/templates'
import { CACHE, LABELS } from '../layout.ts'
import { bootDiskOf, cachedDirectory, emptyXfs } from './disks.ts'
import { labRecipe } from './recipe.ts'

const ROOT_BYTES = 12 * 1024 ** 3
const VOLUME_BYTES = 16 * 1024 ** 3

export interface MachineImage {
  readonly kernel: string
  readonly root: string
  readonly volume: string
}

export async function machineImage(runner: ProcessRunner, say: (what: string) => void): Promise<MachineImage> {
  mkdirSync(CACHE, { recursive: true, mode: 0o700 })
  const work = mkdtempSync(join(CACHE, '.work-'))
  try {
    const need = { runner, aptDirectory: '/etc/apt', work, signal: undefined }
    const origin = await originOf('trixie', undefined, need)
    const recipe = labRecipe(origin.settings)
    const how = readFileSync(import.meta.filename, 'utf8') + readFileSync(join(import.meta.dirname, 'disks.ts'), 'utf8')
    const digest = hash('sha256', JSON.stringify([recipe, origin, how]))
    const directory = await cachedDirectory(join(CACHE, `image-${digest.slice(0, 32)}`), async (staged) => {
      say("building the machine's image from Debian's packages (once)")
      const tree = join(work, 'tree')
      mkdirSync(tree)
      const definition = { name: 'lab', digest }
      const onProgress = ({ step }: { readonly step: string }): void => say(step)
      await buildDebian({ ...need, definition, recipe, tree, mirror: undefined, cache: undefined, onProgress })
      copyFileSync(join(tree, 'boot', kernelIn(tree)), join(staged, 'kernel'))
      // It starts without an initrd.
      rmSync(join(tree, 'boot'), { recursive: true })
      await bootDiskOf(runner, tree, join(staged, 'root.disk'), ROOT_BYTES)
      await emptyXfs(runner, { image: join(staged, 'volume.xfs'), bytes: VOLUME_BYTES, label: LABELS.volume })
    })
    return { kernel: join(directory, 'kernel'), root: join(directory, 'root.disk'), volume: join(directory, 'volume.xfs') }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function kernelIn(tree: string): string {
  const name = readdirSync(join(tree, 'boot')).find((each) => each.startsWith('vmlinuz-'))
  if (name === undefined) throw new Error("the lab's machine has no kernel: linux-image-cloud-amd64 put none into /boot")
  return name
}
