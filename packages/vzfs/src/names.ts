/** What names on a volume may look like. Everything that becomes part of a path passes through here first. */

import { VzfsError } from './errors.ts'

const LAYER = /^[a-z0-9][a-z0-9.@_-]*$/
const LAYER_MOST = 200
const SNAPSHOT = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const SNAPSHOT_MOST = 64
const KEY = /^\/([0-9a-f]{2})\/([0-9a-f]{62})$/
const DIGEST = /^[0-9a-f]{64}$/
/** Highest user id a kernel knows; the one above means "no id". */
const ID_MOST = 0xffff_fffe

export function parseLayerName(name: string): string {
  if (LAYER.test(name) && name.length <= LAYER_MOST) return name
  throw new VzfsError(
    'name_invalid',
    `${JSON.stringify(name.slice(0, 80))} is not a layer name: it has to start with a-z or 0-9 and go on with a-z 0-9 . @ _ - (at most ${LAYER_MOST} characters)`,
  )
}

export const isSnapshotName = (name: string): boolean => SNAPSHOT.test(name) && name.length <= SNAPSHOT_MOST

export function parseSnapshotName(name: string): string {
  if (isSnapshotName(name)) return name
  throw new VzfsError(
    'name_invalid',
    `${JSON.stringify(name.slice(0, 80))} is not the name of a snapshot: it has to start with a letter or digit and go on with letters, digits, . _ - (at most ${SNAPSHOT_MOST} characters)`,
  )
}

export function parseAreaId(id: number): number {
  if (Number.isSafeInteger(id) && id > 0) return id
  throw new VzfsError('name_invalid', `${id} is not an area id: it has to be a whole number above 0`)
}

/** The directory name of an area back to its id; null for anything else that lies there. */
export function areaIdOf(name: string): number | null {
  const id = Number(name)
  return Number.isSafeInteger(id) && id > 0 && String(id) === name ? id : null
}

export function parseBase(base: number): number {
  if (Number.isSafeInteger(base) && base >= 0 && base <= ID_MOST) return base
  throw new VzfsError('name_invalid', `${base} is not a host id: it has to be a whole number from 0 to ${ID_MOST}`)
}

/** Where contents lie below the pool, as the overlay's redirect names them: "/ab/cdef...". */
export function poolKey(digest: string): string {
  if (!DIGEST.test(digest)) throw new TypeError(`${digest} is not a SHA-256 digest`)
  return `/${digest.slice(0, 2)}/${digest.slice(2)}`
}

/** The digest that a redirect names; null when it does not lead into a pool. */
export function digestOfKey(key: string): string | null {
  const match = KEY.exec(key)
  return match ? `${match[1]}${match[2]}` : null
}
