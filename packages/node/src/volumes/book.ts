/**
 * The node's further volumes: opened when the daemon begins, and while it runs as they come and go. One that cannot be opened is missing, with the reason, and
 * keeps nobody else from working.
 */

import { FIRST_VOLUME } from '@insula/contract'
import type { Volumes } from '@insula/kernel'
import { type JoinedVzfs, readMark, type Vzfs, type VolumeState } from '@insula/vzfs'
import type { Instance } from '../instance.ts'
import type { Inventory } from '../inventory.ts'
import { clashOf } from './clash.ts'
import { openVolumeFile, type VolumeEntry, type VolumeFileList } from './list-file.ts'
import { nodeWord } from './node-word.ts'
import { takeAway } from './take-away.ts'

export interface VolumeBook {
  readonly list: VolumeFileList
  /** What is written on this node's volumes. */
  word(): Promise<string>
  /** Opens one that is on the list, or says why that cannot be. */
  open(entry: VolumeEntry): Promise<VolumeState>
  /** Tries those again that are missing. */
  retry(): Promise<void>
  /** Runs body when nobody else changes the list. */
  alone<T>(body: () => Promise<T>): Promise<T>
}

export interface VolumeBookNeed {
  readonly instance: Instance
  readonly volumes: Volumes
  readonly vzfs: JoinedVzfs
  readonly openVolume: (path: string) => Promise<Vzfs>
  readonly inventory: Pick<Inventory, 'all' | 'get'>
  readonly log: (message: string, details?: unknown) => void
}

export async function openVolumeBook(need: VolumeBookNeed): Promise<VolumeBook> {
  const { instance, volumes, vzfs, openVolume, log } = need
  const list = openVolumeFile(instance)
  let last: Promise<unknown> = Promise.resolve()
  const word = (): Promise<string> => nodeWord(vzfs.path)
  // On a full volume it cannot be written; who adds a volume tries again.
  await word().catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== 'ENOSPC') throw error
  })

  const open = async (entry: VolumeEntry): Promise<VolumeState> => {
    const { name, path, image } = entry
    const missing = (problem: string): VolumeState => ({ name, path, vzfs: null, problem })
    try {
      if (image !== null) await volumes.attach(image, path)
      const mark = await readMark(path)
      if (mark === null) return missing('its directory holds no volume; mount the file system that belongs there')
      if (mark.node !== (await word()) || mark.name !== name)
        return missing(
          `what lies there is the volume "${mark.name}" of ${mark.node === (await word()) ? 'this' : 'another'} node`,
        )
      const opened = await openVolume(path)
      const clash = await clashOf(need, name, opened)
      if (clash === null) return { name, path, vzfs: opened, problem: null }
      await opened.close()
      return missing(clash)
    } catch (error) {
      return missing(error instanceof Error ? error.message : String(error))
    }
  }
  const put = async (entry: VolumeEntry): Promise<void> => {
    const state = await open(entry)
    if (state.problem !== null) log(`the volume ${entry.name} (${entry.path}) is missing: ${state.problem}`)
    vzfs.put(state)
  }
  const book: VolumeBook = {
    list,
    word,
    open,
    alone(body) {
      const done = last.then(body)
      last = done.catch(() => undefined)
      return done
    },
    retry: () =>
      book.alone(async () => {
        for (const { name, problem } of vzfs.volumes()) {
          const entry = problem === null ? null : list.find(name)
          if (entry?.state === 'ready') await put(entry)
        }
      }),
  }
  for (const entry of list.all()) {
    if (entry.name === FIRST_VOLUME) continue
    if (entry.state !== 'ready' && (await finished(entry))) continue
    await put(entry)
  }
  return book

  /** What was cut off while it was added or removed is taken away, unless something of value lies there. */
  async function finished(entry: VolumeEntry): Promise<boolean> {
    try {
      await takeAway({ ...need, list }, entry, await word())
      log(`the volume ${entry.name} was being ${entry.state === 'adding' ? 'added' : 'removed'}; it is gone`)
      return true
    } catch (error) {
      log(`the volume ${entry.name}, which was being ${entry.state === 'adding' ? 'added' : 'removed'}, stays`, error)
      list.put({ ...entry, state: 'ready' })
      return false
    }
  }
}
