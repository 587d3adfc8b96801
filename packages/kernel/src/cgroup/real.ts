/**
 * Cgroups on the running kernel. On v1 and hybrid hosts the processes of PATH live in PATH of every v1 hierarchy; in the v2 tree they
 * live in PATH/vps, which is delegated (systemd's documentation CGROUP_DELEGATION). On pure v2 hosts a group lies directly below the root
 * of the tree, beside systemd's slices, as LXC's do: systemd leaves alone what it did not make.
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CgroupMissing, type Cgroups } from './cgroup.ts'
import { doorV1 } from './door.ts'
import { enterV1 } from './enter.ts'
import { INNER, makeGroups, removeGroups } from './groups.ts'
import { hierarchiesIn, rootsOf } from './hierarchies.ts'
import { limitsMet } from './limits-met.ts'
import { setLimits } from './limits.ts'
import { mountOwnTree } from './own-tree.ts'
import { isFrozen, killAll, processesOf, setFrozen } from './tenants.ts'
import { usageOf } from './usage.ts'
import { childrenOf } from './values.ts'

export interface CgroupOptions {
  /** Text of /proc/self/mountinfo; the thread's own when absent. */
  readonly mountinfo?: string
  /** Directory for a v2 tree of ours, mounted there when the host is a legacy one and has none. Without it nothing is delegated there. */
  readonly ownTree?: string
}

export function realCgroups(options: CgroupOptions = {}): Cgroups {
  const found = hierarchiesIn(options.mountinfo ?? readFileSync('/proc/thread-self/mountinfo', 'utf8'), options.ownTree)
  const bare = found.v2 === null && options.ownTree !== undefined
  if (bare) mountOwnTree(options.ownTree)
  const hierarchies = bare ? { ...found, v2: options.ownTree } : found
  const roots = rootsOf(hierarchies)
  if (roots.length === 0) {
    throw new Error(
      'no cgroup hierarchy is mounted here; `ip netns exec` hides them behind a new /sys: use nsenter --net=/run/netns/NAME instead',
    )
  }

  return {
    mode: hierarchies.mode,
    v2Tree: hierarchies.v2,
    create: (path, owner) => makeGroups(hierarchies, path, owner),
    remove: (path) => removeGroups(hierarchies, path),
    exists: async (path) => roots.some((root) => existsSync(join(root, path))),
    children: async (path) =>
      [...new Set(roots.flatMap((root) => childrenOf(join(root, path)) ?? []))].filter((name) => name !== INNER).toSorted(),
    setLimits: (path, limits) => setLimits(hierarchies, path, limits),
    usage: async (path) => usageOf(hierarchies, path),
    limitsMet: async (path) => limitsMet(hierarchies, path),
    freeze: (path) => setFrozen(hierarchies, path, true),
    thaw: (path) => setFrozen(hierarchies, path, false),
    frozen: async (path) => isFrozen(hierarchies, path),
    processes: async (path) => processesOf(hierarchies, path),
    killAll: (path) => killAll(hierarchies, path),
    enter(path, body) {
      if (hierarchies.mode !== 'unified') return enterV1(hierarchies, path, body)
      if (!roots.some((root) => existsSync(join(root, path)))) throw new CgroupMissing(path)
      return body()
    },
    door(path) {
      if (hierarchies.mode !== 'unified') return doorV1(hierarchies, path)
      if (!roots.some((root) => existsSync(join(root, path)))) throw new CgroupMissing(path)
      return { descriptors: [], through: (argv) => argv, [Symbol.dispose]: () => undefined }
    },
  }
}
