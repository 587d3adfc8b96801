/** In which order VPSs start with their node. */

export interface Bootable {
  readonly id: number
  readonly onboot: boolean
  readonly bootOrder: number
}

/** Those that start with the node: lower `bootOrder` first, then the lower id, for a boot must be the same every time. */
export function bootOrder<T extends Bootable>(all: readonly T[]): T[] {
  return all.filter(({ onboot }) => onboot).toSorted((a, b) => a.bootOrder - b.bootOrder || a.id - b.id)
}
