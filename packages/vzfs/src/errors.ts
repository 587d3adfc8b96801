/** Refusals of VZFS. The message says what was being done, to what, why not, and what to do. */

import { errorCode } from '@insula/kernel'

export type VzfsCode =
  | 'name_invalid'
  | 'layer_exists'
  | 'layer_unknown'
  | 'layer_in_use'
  | 'area_exists'
  | 'area_unknown'
  | 'snapshot_exists'
  | 'snapshot_unknown'
  /** The volume is full. */
  | 'no_space'
  /** What the area, or a user or group inside of it, may have is used up. */
  | 'over_limit'
  /** What lies on the volume is not what VZFS wrote there. */
  | 'damaged'
  /** There is no volume of that name. */
  | 'volume_unknown'
  /** There should be one, and it is not there. */
  | 'volume_missing'
  /** Another process has the volume open. */
  | 'volume_in_use'
  /** A soft limit above the hard one. */
  | 'limit_contradicts'
  /** An area cannot move to other layers as it is. */
  | 'rebase_refused'
  /** As many users and groups have limits as may. */
  | 'too_many_limited'
  /** The path or the tree cannot be used. */
  | 'unsuitable'

export class VzfsError extends Error {
  override readonly name: string = 'VzfsError'
  readonly code: VzfsCode
  constructor(code: VzfsCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Who uses a layer: an area, or one of its snapshots. */
export interface LayerUser {
  readonly area: number
  readonly snapshot: string | null
}

export class LayerInUse extends VzfsError {
  override readonly name = 'LayerInUse'
  readonly areas: readonly number[]
  constructor(layer: string, users: readonly LayerUser[]) {
    super('layer_in_use', `layer ${layer} cannot be removed: ${describe(users)}`)
    this.areas = [...new Set(users.map(({ area }) => area))]
  }
}

/** What keeps an area from moving to other layers. */
export interface Obstacle {
  /** Inside of the area, from "/". */
  readonly path: string
  readonly why: string
}

export class RebaseRefused extends VzfsError {
  override readonly name = 'RebaseRefused'
  /** The first of them. */
  readonly obstacles: readonly Obstacle[]
  readonly count: number
  constructor(area: number, obstacles: readonly Obstacle[]) {
    const shown = obstacles.slice(0, SHOWN)
    const more = obstacles.length > SHOWN ? `; and ${obstacles.length - SHOWN} more` : ''
    super(
      'rebase_refused',
      `area ${area} cannot move to these layers: ${shown.map(({ path, why }) => `${path} ${why}`).join('; ')}${more}`,
    )
    this.obstacles = shown
    this.count = obstacles.length
  }
}

const SHOWN = 10

const MOST_NAMED = 10

function describe(users: readonly LayerUser[]): string {
  const areas = users.filter(({ snapshot }) => snapshot === null).map(({ area }) => `${area}`)
  const snapshots = users.flatMap(({ area, snapshot }) => (snapshot === null ? [] : [`${snapshot} of area ${area}`]))
  const all = [...(areas.length > 0 ? [list('area', areas)] : []), ...(snapshots.length > 0 ? [list('snapshot', snapshots)] : [])]
  return `${all.join(' and ')} ${users.length === 1 ? 'uses' : 'use'} it`
}

function list(what: string, names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  return `${what}${names.length === 1 ? '' : 's'} ${names.slice(0, MOST_NAMED).join(', ')}${more}`
}

/** An error that came out of another thread has lost its class but not its fields. */
export function revive(error: unknown): unknown {
  if (error instanceof VzfsError || !(error instanceof Error) || error.name !== 'VzfsError') return error
  return 'code' in error ? new VzfsError(error.code as VzfsCode, error.message) : error
}

/** The errno's name of an error of Node or of a system call. */
export { errorCode as errnoOf }

/** The file system, or an account on it. */
export const saysFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')
