import assert from 'node:assert/strict'
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { realPrivateMounts } from '../mounts/real.ts'
import { realProcessRunner } from '../process/real.ts'
import { realUserNamespaces } from '../userns/real.ts'
import { realVolumes } from '../volume/real.ts'
import { noQuotaConformance, quotaConformance, type QuotaSubject } from './conformance.ts'
import type { QuotaKind } from './quota.ts'
import { realQuota } from './real.ts'

/** One small XFS for this file. Whether its kernel has quota decides which promises are tested: the lab's has, other kernels may not. */
const scratch = mkdtempSync('/var/tmp/insula-quota-')
chmodSync(scratch, 0o711)
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
  for (const name of ['passed-on', 'public']) mkdirSync(join(path, name))
  chmodSync(join(path, 'public'), 0o1777)
  let counter = 0
  return {
    quota,
    async write(kind, id, bytes) {
      const file = join(kind === 'project' ? directoryOf(id) : join(path, 'public'), `${(counter += 1)}`)
      try {
        await runner.run([...as(kind, id), 'sh', '-c', 'head -c "$1" /dev/zero > "$0" && sync "$0"', file, `${bytes}`])
      } catch (error) {
        rmSync(file, { force: true })
        throw error
      }
      files.set(`${kind} ${id}`, [...(files.get(`${kind} ${id}`) ?? []), file])
    },
    async remove(kind, id) {
      const before = quota.account(kind, id).inodes
      rmSync(files.get(`${kind} ${id}`)?.pop() ?? '')
      // XFS gives an inode back in its own time.
      for (const deadline = Date.now() + 30_000; quota.account(kind, id).inodes >= before; await sleep(20))
        assert.ok(Date.now() < deadline, `the file of ${kind} ${id} still counts`)
    },
    own: (kind) => (kind === 'project' ? 1 : 0),
    directory: open(join(path, 'passed-on'), 'r'),
    makeInside: () => open(join(path, 'passed-on', 'new'), 'w'),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** Root may give files away past every limit: who is limited writes by himself. */
function as(kind: QuotaKind, id: number): [string, ...string[]] {
  const [user, group] = [kind === 'user' ? id : 65_000, kind === 'group' ? id : 65_000]
  return kind === 'project' ? ['env'] : ['setpriv', `--reuid=${user}`, `--regid=${group}`, '--clear-groups']
}

/** Given to the project while it is empty, and counted for it. */
function directoryOf(id: number): string {
  const directory = join(path, `project-${id}`)
  if (existsSync(directory)) return directory
  mkdirSync(directory)
  const fd = openSync(directory, 'r')
  quota.setProject(fd, id)
  closeSync(fd)
  return directory
}
