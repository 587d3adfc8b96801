/**
 * VPSs whose files an administrator has mounted on the node. Each has a note in /run, written before anything is mounted; whether it is
 * true is asked of the kernel each time. So whoever is killed, and however something is unmounted, nothing is stuck: a note that is not true any more goes, and
 * after a boot there is none. While it is true, nothing else touches the files.
 */

import { mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { VpsMount, VpsMounted } from '@insula/contract'
import type { HostMounts } from '@insula/kernel'
import type { Vzfs } from '@insula/vzfs'
import { failure } from '../failures.ts'
import type { Instance } from '../instance.ts'
import type { VpsRecord } from '../record.ts'

export interface MountBook {
  /** null when it is not mounted. */
  of(id: number): Promise<VpsMounted | null>
  all(): Promise<VpsMounted[]>
  /** @throws ApiFailure conflict naming the mount. `doing`: "cannot start VPS "web"" */
  requireNone(id: number, doing: string): Promise<void>
  /** As `requireNone`, but what can only be read does no harm. */
  requireUnchanging(id: number, doing: string): Promise<void>
  /** In the VPS's turn. @throws ApiFailure */
  mount(vps: VpsRecord, wish: VpsMount): Promise<VpsMounted>
  /** In the VPS's turn. @throws ApiFailure busy, conflict */
  unmount(vps: Pick<VpsRecord, 'id' | 'name'>): Promise<VpsMounted>
}

export interface MountBookNeed {
  readonly instance: Pick<Instance, 'run'>
  readonly hostMounts: HostMounts
  readonly vzfs: Pick<Vzfs, 'areas'>
  readonly idRange: number
}

/** A namespace that ends lets go of its mounts a moment later. */
const LETS_GO_MS = 1_000
const LOOK_MS = 20

export function openMountBook({ instance, hostMounts, vzfs, idRange }: MountBookNeed): MountBook {
  const directory = join(instance.run, 'mounts')
  const placeOf = (id: number): string => join(directory, `${id}`)
  const noteOf = (id: number): string => join(directory, `${id}.json`)

  const note = async (id: number): Promise<VpsMounted | null> => {
    try {
      return JSON.parse(await readFile(noteOf(id), 'utf8')) as VpsMounted
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      // Nobody else writes there: what is not whole was being written when the power went, before anything was mounted.
      if (error instanceof SyntaxError) return null
      throw error
    }
  }
  const forget = async (id: number): Promise<void> => {
    await rm(noteOf(id), { force: true })
    // A directory in which something is mounted is busy, so nothing of a tenant's is removed here.
    await rmdir(placeOf(id)).catch(() => undefined)
  }
  const inUse = async (id: number): Promise<boolean> => hostMounts.inUse(await vzfs.areas.plan(id))
  const letGo = async (id: number): Promise<boolean> => {
    for (const end = Date.now() + LETS_GO_MS; await inUse(id); await sleep(LOOK_MS)) if (Date.now() > end) return false
    return true
  }
  const of = async (id: number): Promise<VpsMounted | null> => {
    const found = await note(id)
    if (found === null) return null
    if (await inUse(id)) return found
    await forget(id)
    return null
  }
  const refuse = ({ vps, path }: VpsMounted, doing: string): never => {
    throw failure('conflict', `${doing}: its files are mounted at ${path}`, `unmount them first: insula vzfs umount ${vps}`)
  }

  return {
    of,

    async all() {
      const ids = (await readdir(directory).catch(() => [])).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      // An area that is gone cannot be mounted.
      const found = await Promise.all(ids.map((id) => of(Number(id)).catch(() => null)))
      return found.filter((one) => one !== null)
    },

    async requireNone(id, doing) {
      const found = await of(id)
      if (found) refuse(found, doing)
    },

    async requireUnchanging(id, doing) {
      const found = await of(id)
      if (found?.write === true) refuse(found, doing)
    },

    async mount({ id, name, base }, { write = false, followLinks = false }) {
      const doing = `cannot mount the files of VPS "${name}"`
      const other = await of(id)
      if (other) refuse(other, doing)
      if (!(await letGo(id)))
        throw failure('busy', `${doing}: processes of its last run still have them`, 'wait a moment and try again')
      const path = placeOf(id)
      const mounted: VpsMounted = { vps: id, name, path, write, followLinks, since: new Date().toISOString() }
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      })
      // Of a VPS that had this number, and whose daemon could not tell any more that it was mounted.
      while (hostMounts.unmount(path)) continue
      await writeNote(noteOf(id), mounted)
      try {
        const plan = await vzfs.areas.plan(id)
        const wish = { target: path, write, followLinks }
        await vzfs.areas.withRoom(id, () => hostMounts.mount(plan, { base, size: idRange }, wish))
      } catch (error) {
        await forget(id)
        throw error
      }
      return mounted
    },

    async unmount({ id, name }) {
      const doing = `cannot unmount the files of VPS "${name}"`
      const found = await of(id)
      if (!found) throw failure('conflict', `${doing}: they are not mounted`, 'see `insula vzfs mounts`')
      const { path } = found
      try {
        hostMounts.unmount(path)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
        throw failure(
          'busy',
          `${doing}: ${path} is in use by ${namesOf(hostMounts.users(path))}`,
          'end them, or leave the directory',
          error,
        )
      }
      if (!(await letGo(id))) {
        const why = `${path} is unmounted, but they are still in use: mounted somewhere else (mount --bind, or a mount namespace of some process), or held by a process`
        throw failure('busy', `${doing}: ${why}`, `end what has them, then run it again; until then VPS "${name}" does not start`)
      }
      await forget(id)
      return found
    },
  }
}

/** Whole or not at all. It lies in memory and need not outlive a loss of power. */
async function writeNote(path: string, mounted: VpsMounted): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(mounted))
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

const MOST_NAMED = 5

function namesOf(users: readonly { readonly pid: number; readonly name: string }[]): string {
  if (users.length === 0) return 'something that cannot be told: a file mapped into memory, or a mount below it'
  const named = users.slice(0, MOST_NAMED).map(({ pid, name }) => `${name} (${pid})`)
  const more = users.length > MOST_NAMED ? ` and ${users.length - MOST_NAMED} more` : ''
  return `${users.length === 1 ? 'process' : 'processes'} ${named.join(', ')}${more}`
}
