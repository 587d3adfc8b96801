/** Makes and removes the directories that are groups. */

import { rmdirSync, writeFileSync } from 'node:fs'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hierarchies, rootsOf } from './hierarchies.ts'
import { numbers, subtree, text } from './values.ts'

/** The delegated inner group in the v2 tree. */
export const INNER = 'vps'
/** What belongs to the delegate: systemd's CGROUP_DELEGATION.md, and /sys/kernel/cgroup/delegate but for what touches limits. */
const DELEGATED = ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control']
const WANTED = ['cpu', 'cpuset', 'memory', 'pids', 'io']
/** Groups that a delegate may make: kernel memory that nobody counts on hybrid hosts. systemd makes some 150, a cluster node 1,000. */
const MOST_DESCENDANTS = 10_000
const REMOVE_MS = 5_000
const POLL_MS = 5

/**
 * All hierarchies at once, and nowhere in the calling thread: each mkdir waits its turn for the kernel's one cgroup mutex, which others hold for
 * 10 ms and more while they move a process.
 */
export async function makeGroups(hierarchies: Hierarchies, path: string, owner: number): Promise<void> {
  await Promise.all(rootsOf(hierarchies).map((root) => makeGroup(hierarchies, root, path)))
  if (hierarchies.v2 === null) return
  const inner = join(hierarchies.v2, path, INNER)
  await Promise.all([
    writeFile(join(hierarchies.v2, path, 'cgroup.max.descendants'), `${MOST_DESCENDANTS}`),
    mkdir(inner, { recursive: true }),
  ])
  await Promise.all(DELEGATED.map((file) => chown(join(inner, file), owner, owner)))
}

async function makeGroup(hierarchies: Hierarchies, root: string, path: string): Promise<void> {
  const unified = hierarchies.mode === 'unified'
  let directory = root
  for (const part of path.split('/')) {
    if (unified) await enableControllers(directory)
    directory = join(directory, part)
    await mkdir(directory, { recursive: true })
    if (root === hierarchies.v1.get('cpuset')) inheritCpuset(directory)
  }
  if (unified) await enableControllers(directory)
}

/** Each alone, so that one that the kernel refuses (cpu, while a realtime process exists) does not keep the others; setLimits misses it. */
async function enableControllers(directory: string): Promise<void> {
  const names = (file: string): string[] => (text(join(directory, file)) ?? '').trim().split(' ')
  const available = names('cgroup.controllers')
  const enabled = names('cgroup.subtree_control')
  for (const name of WANTED.filter((wanted) => available.includes(wanted) && !enabled.includes(wanted)))
    await writeFile(join(directory, 'cgroup.subtree_control'), `+${name}`).catch(() => undefined)
}

/** A new v1 cpuset has no CPUs and no memory nodes, and takes no process. */
function inheritCpuset(directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (text(join(directory, file))?.trim() === '') copyFromParent(directory, file)
  }
}

/**
 * A v1 cpuset loses a CPU for good that goes offline once, also when it comes back. The groups above a tenant's, which are ours and limit
 * nothing, are given all that there are again.
 */
export function refreshCpusetsAbove(hierarchies: Hierarchies, path: string): void {
  const root = hierarchies.v1.get('cpuset')
  if (root === undefined) return
  let directory = root
  for (const part of path.split('/').slice(0, -1)) {
    directory = join(directory, part)
    for (const file of ['cpuset.cpus', 'cpuset.mems']) if (text(join(directory, file)) !== null) copyFromParent(directory, file)
  }
}

function copyFromParent(directory: string, file: string): void {
  writeFileSync(join(directory, file), text(join(dirname(directory), file))?.trim() ?? '')
}

/** Deepest first, and again while the kernel says EBUSY: the last process is only just going, or somebody inside has made one more. */
export async function removeGroups(hierarchies: Hierarchies, path: string): Promise<void> {
  const deadline = Date.now() + REMOVE_MS
  for (const root of rootsOf(hierarchies)) {
    for (let busy = tryRemove(join(root, path)); busy !== null; busy = tryRemove(join(root, path))) {
      if (Date.now() > deadline) {
        const left = new Set(subtree(join(root, path)).flatMap((group) => numbers(join(group, 'cgroup.procs')))).size
        throw new Error(`cannot remove cgroup ${path}: ${left} processes are still in it`, { cause: busy })
      }
      await sleep(POLL_MS)
    }
  }
}

/** What was busy; null when nothing is left. */
function tryRemove(directory: string): unknown {
  let busy: unknown = null
  for (const group of subtree(directory).toReversed()) {
    try {
      rmdirSync(group)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EBUSY') busy ??= error
      else if (code !== 'ENOENT') throw error
    }
  }
  return busy
}
