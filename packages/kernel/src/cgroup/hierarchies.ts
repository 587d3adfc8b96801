/** Which cgroup hierarchies this host has and where: read from proc(5) mountinfo, never assumed. */

import { join } from 'node:path'
import type { CgroupMode } from './cgroup.ts'

export interface Hierarchies {
  readonly mode: CgroupMode
  /** Mount point of the v2 tree; null on a legacy host. */
  readonly v2: string | null
  /** v1 controller (or named hierarchy as "name=systemd") to mount point; co-mounted controllers share one. */
  readonly v1: ReadonlyMap<string, string>
}

/**
 * @param mountinfo text of /proc/self/mountinfo
 * @param ownTree a v2 tree of ours, which does not make a legacy host a hybrid one
 */
export function hierarchiesIn(mountinfo: string, ownTree?: string): Hierarchies {
  const v1 = new Map<string, string>()
  let v2: string | null = null
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ')
    const target = before?.split(' ')[4]
    const [type, , options = ''] = after?.split(' ') ?? []
    if (target === undefined) continue
    // The first of each: what containers and others mounted again comes later.
    if (type === 'cgroup2' && (v2 === null || v2 === ownTree)) v2 = target
    if (type !== 'cgroup') continue
    for (const name of options.split(',')) {
      if ((CONTROLLERS.has(name) || name.startsWith('name=')) && !v1.has(name)) v1.set(name, target)
    }
  }
  const mode = v1.size === 0 ? 'unified' : v2 === null || v2 === ownTree ? 'legacy' : 'hybrid'
  return { mode, v2, v1 }
}

/** Every mount point, each once. */
export function rootsOf({ v1, v2 }: Hierarchies): string[] {
  return [...new Set([...v1.values(), ...(v2 === null ? [] : [v2])])]
}

/** The directory of the group `path` in the hierarchy that has `controller`; null when this host has none. */
export function directoryOf({ mode, v1, v2 }: Hierarchies, controller: string, path: string): string | null {
  const root = mode === 'unified' ? v2 : (v1.get(controller) ?? null)
  return root === null ? null : join(root, path)
}

/** Mount options that are controllers; the others ("rw", "xattr") are not. cgroups(7) */
const CONTROLLERS = new Set([
  'blkio',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'hugetlb',
  'memory',
  'misc',
  'net_cls',
  'net_prio',
  'perf_event',
  'pids',
  'rdma',
])
