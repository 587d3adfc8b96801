/** Removes a volume from a node that runs. Nothing that lies on it may be of value: no private area, whether the database knows it or not. */

import { FIRST_VOLUME } from '@insula/contract'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VolumeEntry } from './list-file.ts'
import { areasBelow, takeAway } from './take-away.ts'

const MOST_NAMED = 10

/** @throws ApiFailure not_found, conflict */
export async function requireRemovable(means: Means, name: string): Promise<VolumeEntry> {
  const { inventory, vzfs, volumeBook } = means
  const doing = `cannot remove the volume "${name}"`
  if (name === FIRST_VOLUME) throw failure('conflict', `${doing}: it is the first one; ./down --purge gives the whole node up`)
  const entry = volumeBook.list.find(name)
  const state = vzfs.volumes().find((one) => one.name === name)
  if (entry === null) throw failure('not_found', `${doing}: there is none`, 'see `insula vzfs volume list`')
  const users = inventory.all().filter((vps) => vps.volume === name)
  if (users.length > 0) {
    const named = list(users.map((vps) => vps.name))
    const move = state?.vzfs
      ? 'move them to another volume (`insula vzfs move`), or destroy them'
      : 'bring the volume back, or give them up: `insula destroy --force`'
    throw failure('conflict', `${doing}: ${users.length === 1 ? 'a VPS lies' : 'VPSs lie'} on it: ${named}`, move)
  }
  const areas = state?.vzfs
    ? [...new Set([...(await areasBelow(entry.path)), ...(await state.vzfs.areas.list()).map(({ id }) => `${id}`)])]
    : []
  if (areas.length > 0)
    throw failure(
      'conflict',
      `${doing}: private areas lie on it that the database does not know: VPS ${list(areas)}`,
      'recover them (`insula recover`), or give them up: `insula destroy -f ID`',
    )
  return entry
}

export function removeVolume(means: Means, name: string): Promise<void> {
  const { vzfs, volumes, volumeBook, events, log } = means
  return volumeBook.alone(async () => {
    await requireRemovable(means, name)
    await keepLayers(means, name)
    // Again: a VPS may have come meanwhile.
    const entry = await requireRemovable(means, name)
    const { vzfs: opened = null } = vzfs.volumes().find((one) => one.name === name) ?? {}
    if (opened === null) {
      // Whatever lies there is out of reach, and stays.
      volumeBook.list.drop(name)
      vzfs.drop(name)
    } else {
      // From here on nothing new is put there.
      vzfs.drop(name)
      volumeBook.list.put({ ...entry, state: 'removing' })
      await opened.close()
      await takeAway({ volumes, list: volumeBook.list }, entry, await volumeBook.word())
    }
    log(`the volume ${name} (${entry.path}) is removed`)
    events.emit({ kind: 'volume.removed', vps: null, data: { name } })
  })
}

/** Those that no other volume has go to the first one. */
async function keepLayers({ vzfs }: Means, name: string): Promise<void> {
  const going = vzfs.volumes().find((one) => one.name === name)?.vzfs
  if (!going) return
  const first = vzfs.on(FIRST_VOLUME)
  for (const layer of await going.layers.list())
    if ((await first.layers.show(layer.name)) === null) await first.receive.layer(layer.name, going.source)
}

const list = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`
