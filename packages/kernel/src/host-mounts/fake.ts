/** HostMounts of a pretended machine. */

import type { FakeMachine } from '../machine/machine.ts'
import { overlayTree, refuse, shifted } from '../machine/tree.ts'
import type { HostMounts, HostMountWish, MountUser } from './host-mounts.ts'

export interface FakeHostMounts extends HostMounts {
  /** Of what is mounted there, for tests to say; it cannot be unmounted meanwhile. */
  readonly busy: Map<string, readonly MountUser[]>
  /** Upper directories that another mount namespace still has mounted, for tests to say. */
  readonly held: Set<string>
  readonly mounted: ReadonlyMap<string, HostMountWish & { readonly upper: string }>
}

export function fakeHostMounts(machine: FakeMachine): FakeHostMounts {
  const mounted = new Map<string, HostMountWish & { readonly upper: string }>()
  const busy = new Map<string, readonly MountUser[]>()
  const held = new Set<string>()
  return {
    mounted,
    busy,
    held,
    async mount({ own, layers, pool, upper, work }, ids, wish) {
      const { target } = wish
      for (const directory of [pool, work]) machine.mounts.at(directory)
      const inside = { base: -ids.base, size: ids.base + ids.size }
      const lower = layers.map((layer) => machine.mounts.at(layer))
      const top = shifted(machine.mounts.at(upper), inside, (id) => id + ids.base)
      const all = own === null ? lower : [shifted(machine.mounts.at(own), inside), ...lower]
      machine.mounts.mount(target, overlayTree(top, all))
      mounted.set(target, { ...wish, upper })
    },
    unmount(target) {
      if (busy.has(target)) refuse(`unmount ${target}`, 'EBUSY')
      return mounted.delete(target) && machine.mounts.unmount(target)
    },
    inUse: ({ upper }) => held.has(upper) || [...mounted.values()].some((one) => one.upper === upper),
    users: (target) => busy.get(target) ?? [],
  }
}
