/** Which limits of a group the kernel has enforced: the counters are the group's own, so they begin with it. */

import { join } from 'node:path'
import { directoryOf, type Hierarchies } from './hierarchies.ts'
import { field, subtree } from './values.ts'

export type MetLimit = 'memory' | 'pids'

export function limitsMet(hierarchies: Hierarchies, path: string): Set<MetLimit> {
  const unified = hierarchies.mode === 'unified'
  // A refused fork counts where the process was, until Linux 6.11; a kill does in v1.
  const counted = (controller: string, file: string, name: string): boolean => {
    const top = unified ? join(hierarchies.v2 ?? '', path) : directoryOf(hierarchies, controller, path)
    return top != null && subtree(top).some((group) => (field(join(group, file), name) ?? 0) > 0)
  }
  const met = new Set<MetLimit>()
  if (counted('memory', unified ? 'memory.events' : 'memory.oom_control', 'oom_kill')) met.add('memory')
  if (counted('pids', 'pids.events', 'max')) met.add('pids')
  return met
}
