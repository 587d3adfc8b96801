/** Refusals of VZFS. The message says what was being done, to what, why not, and what to do. */

export type VzfsCode =
  | 'name_invalid'
  | 'layer_exists'
  | 'layer_unknown'
  | 'layer_in_use'
  | 'area_exists'
  | 'area_unknown'
  /** What lies on the volume is not what VZFS wrote there. */
  | 'damaged'
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

export class LayerInUse extends VzfsError {
  override readonly name = 'LayerInUse'
  readonly areas: readonly number[]
  constructor(layer: string, areas: readonly number[]) {
    super('layer_in_use', `layer ${layer} cannot be removed: ${describe(areas)}`)
    this.areas = areas
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

function describe(areas: readonly number[]): string {
  const shown = areas.slice(0, 10).join(', ')
  const more = areas.length > 10 ? ` and ${areas.length - 10} more` : ''
  return areas.length === 1 ? `area ${shown} uses it` : `areas ${shown}${more} use it`
}

/** An error that came out of another thread has lost its class but not its fields. */
export function revive(error: unknown): unknown {
  if (error instanceof VzfsError || !(error instanceof Error) || error.name !== 'VzfsError') return error
  return 'code' in error ? new VzfsError(error.code as VzfsCode, error.message) : error
}

/** The errno's name of an error of Node or of a system call. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
