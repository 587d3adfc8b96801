/** On which volume a new VPS lies. */

import { FIRST_VOLUME } from '@insula/contract'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import { COME_BACK } from './come-back.ts'

/** @param wish null: as the node is configured @throws ApiFailure not_found, unavailable */
export async function chooseVolume(means: Means, doing: string, wish: string | null): Promise<string> {
  if (wish !== null) return requirePresent(means, doing, wish)
  return means.config.newVolume === 'most-room' ? mostRoom(means) : FIRST_VOLUME
}

/** @throws ApiFailure not_found, unavailable */
export function requirePresent({ vzfs }: Pick<Means, 'vzfs'>, doing: string, name: string): string {
  const found = vzfs.volumes().find((one) => one.name === name)
  if (found === undefined) {
    const known = vzfs.volumes().map((one) => one.name)
    throw failure('not_found', `${doing}: there is no volume "${name}"`, `this node has ${known.join(', ')}`)
  }
  if (found.vzfs !== null) return name
  throw failure('unavailable', `${doing}: the volume "${name}" is not there: ${found.problem ?? 'unknown'}`, COME_BACK)
}

async function mostRoom({ vzfs, volumes }: Means): Promise<string> {
  const rooms = await Promise.all(
    vzfs
      .volumes()
      .filter((one) => one.vzfs !== null)
      .map(async ({ name, path }) => ({
        name,
        free: await volumes.space(path).then(
          ({ freeBytes }) => freeBytes,
          () => 0,
        ),
      })),
  )
  // Of equal ones the first.
  return rooms.reduce((best, one) => (one.free > best.free ? one : best)).name
}
