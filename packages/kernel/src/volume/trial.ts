/** Finds out what a volume can do by doing it once. Nothing of it is left. */

import {
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { realFileCalls } from '../files/real.ts'
import type { PrivateMounts } from '../mounts/mounts.ts'
import type { UserNamespaces } from '../userns/userns.ts'

export interface TrialMeans {
  readonly mounts: PrivateMounts
  readonly userNamespaces: UserNamespaces
}

/** Host ids that no VPS has. */
const IDS = { base: 2 ** 28, size: 65_536 }

export function tryReflink(path: string): boolean {
  const place = mkdtempSync(join(path, '.probe-'))
  try {
    writeFileSync(join(place, 'a'), Buffer.alloc(8192, 1))
    copyFileSync(join(place, 'a'), join(place, 'b'), constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** Mounts what VZFS mounts, in a private mount namespace, and reads and changes a shared file through it. Returns what failed. */
export async function tryOverlay(means: TrialMeans, path: string): Promise<string | null> {
  const place = mkdtempSync(join(path, '.probe-'))
  const at = (name: string): string => join(place, name)
  try {
    for (const name of ['layer', 'pool/aa', 'upper', 'work', 'root']) mkdirSync(at(name), { recursive: true })
    writeFileSync(at('pool/aa/content'), 'shared')
    makeStub(at('layer/file'), '/aa/content', 'shared'.length)
    using userns = await means.userNamespaces(IDS)
    return means.mounts.inPrivateCopy((calls) => {
      const overlay = {
        own: null,
        layers: [at('layer')],
        pool: at('pool'),
        upper: at('upper'),
        work: at('work'),
        root: at('root'),
      }
      calls.overlay({ ...overlay, options: ['metacopy=on', 'redirect_dir=on'] }, userns)
      if (readFileSync(at('root/file'), 'utf8') !== 'shared') return 'a shared file did not read back'
      writeFileSync(at('root/file'), ' and changed', { flag: 'a' })
      if (readFileSync(at('root/file'), 'utf8') !== 'shared and changed') return 'a changed file did not read back'
      return readFileSync(at('pool/aa/content'), 'utf8') === 'shared' ? null : 'a change went through to the pool'
    })
  } catch (error) {
    return (error as Error).message
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** A file of a layer, whose contents lie in the pool. Documentation/filesystems/overlayfs.rst, "Data-only lower layers" */
function makeStub(path: string, target: string, size: number): void {
  const file = openSync(path, 'w')
  try {
    ftruncateSync(file, size)
  } finally {
    closeSync(file)
  }
  const files = realFileCalls()
  files.setXattr(Buffer.from(path), 'trusted.overlay.metacopy', Buffer.alloc(0))
  files.setXattr(Buffer.from(path), 'trusted.overlay.redirect', Buffer.from(target))
}
