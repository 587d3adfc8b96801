/** The pretended node's volumes. */

import type { Volume, Vps } from '@insula/contract'
import type { FakeState } from './fake-state.ts'
import { task } from './fake-task.ts'

export const fakeVolume = (name: string, changes: Partial<Volume> = {}): Volume => ({
  name,
  path: `/volumes/${name}`,
  image: null,
  first: name === 'default',
  present: true,
  problem: null,
  fsType: 'xfs',
  device: '/dev/sda1',
  reflink: true,
  projectQuota: true,
  userQuota: true,
  grace: { bytes: 604_800, inodes: 604_800 },
  totalBytes: 20 * 1024 ** 3,
  freeBytes: 15 * 1024 ** 3,
  vps: 1,
  ...changes,
})

export function volumeAnswer(
  state: FakeState,
  name: 'volumeList' | 'volumeAdd' | 'volumeChange' | 'volumeRemove',
  given: Record<string, unknown>,
  wait: number,
): unknown {
  const { volumes } = state
  if (name === 'volumeList') return { volumes }
  if (name === 'volumeChange') {
    const at = volumes.findIndex((volume) => volume.name === given['volume'])
    const was = volumes[at]
    if (was?.grace) volumes[at] = { ...was, grace: { ...was.grace, ...(given['grace'] as object) } }
    return { volumes }
  }
  if (name === 'volumeRemove') {
    const at = volumes.findIndex((volume) => volume.name === given['volume'])
    return task(state, 'volume.remove', null, String(given['volume']), wait, () => void volumes.splice(at, 1))
  }
  const [volume, path] = [String(given['name']), String(given['directory'])]
  return task(state, 'volume.add', null, volume, wait, () => void volumes.push(fakeVolume(volume, { path, vps: 0 })))
}

export function moveToVolume(state: FakeState, vps: Vps, body: Record<string, unknown>, wait: number): unknown {
  const volume = String(body['volume'])
  return task(state, 'vps.move', vps.id, vps.name, wait, () => void state.vps.set(vps.id, { ...vps, volume }))
}
