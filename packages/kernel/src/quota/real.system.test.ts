import { closeSync, fchownSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { realPrivateMounts } from '../mounts/real.ts'
import { realProcessRunner } from '../process/real.ts'
import { realUserNamespaces } from '../userns/real.ts'
import { realVolumes } from '../volume/real.ts'
import { noQuotaConformance, quotaConformance, type QuotaSubject } from './conformance.ts'
import type { QuotaKind } from './quota.ts'
import { type OpenQuota, realQuota } from './real.ts'

/** One small XFS for this file. Whether its kernel has quota decides which promises are tested: the lab's has, other kernels may not. */
const scratch = mkdtempSync('/var/tmp/insula-quota-')
const path = join(scratch, 'volume')
const runner = realProcessRunner()
const volumes = realVolumes({ runner, mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })
await volumes.ensureLoopVolume(join(scratch, 'image'), path, 512 * 1024 * 1024)
const { projectQuota } = await volumes.probe(path)
const quota = realQuota(path)
const opened: number[] = []

after(async () => {
  for (const fd of opened) closeSync(fd)
  quota[Symbol.dispose]()
  await volumes.detach(path)
  rmSync(scratch, { recursive: true })
})

if (projectQuota) quotaConformance('the real driver', async () => subject())
else noQuotaConformance('the real driver on a kernel without quota', () => quota)

function subject(): QuotaSubject {
  const files = new Map<string, string[]>()
  const open = (place: string, flags: string): number => {
    const fd = openSync(place, flags)
    opened.push(fd)
    return fd
  }
  mkdirSync(join(path, 'passed-on'))
  let counter = 0
  return {
    quota,
    write(kind, id, bytes) {
      const file = join(path, `${(counter += 1)}`)
      try {
        makeFile(quota, file, kind, id, bytes)
      } catch (error) {
        rmSync(file)
        throw error
      }
      files.set(`${kind} ${id}`, [...(files.get(`${kind} ${id}`) ?? []), file])
    },
    remove: (kind, id) => rmSync(files.get(`${kind} ${id}`)?.pop() ?? ''),
    directory: open(join(path, 'passed-on'), 'r'),
    makeInside: () => open(join(path, 'passed-on', 'new'), 'w'),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Counted for the id before it has bytes: then they are refused as they come. */
function makeFile({ setProject }: OpenQuota, file: string, kind: QuotaKind, id: number, bytes: number): void {
  const fd = openSync(file, 'w')
  try {
    if (kind === 'user') fchownSync(fd, id, 0)
    else if (kind === 'group') fchownSync(fd, 0, id)
    else setProject(fd, id)
    const chunk = Buffer.alloc(bytes, 1)
    for (let written = 0; written < bytes;) written += writeSync(fd, chunk, written)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
