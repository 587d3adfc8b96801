/** Lets what is started be born inside a group's v1 hierarchies: the starting thread goes there for a moment. */

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CgroupMissing } from './cgroup.ts'
import type { Hierarchies } from './hierarchies.ts'

interface Way {
  readonly there: number
  readonly back: number
}

/**
 * Moves the calling thread only ("tasks", not "cgroup.procs"): what it forks meanwhile is born in the group. cgroups(7)
 * Every file is opened before body runs, because body may cover /sys/fs/cgroup.
 */
export function enterV1<T>(hierarchies: Hierarchies, path: string, body: () => T): T {
  const ways: Way[] = []
  try {
    openWays(hierarchies, path, ways)
    try {
      for (const { there } of ways) writeSync(there, '0')
      return body()
    } finally {
      goBack(ways)
    }
  } finally {
    for (const { there, back } of ways) for (const fd of [there, back]) closeSync(fd)
  }
}

function openWays({ v1 }: Hierarchies, path: string, ways: Way[]): void {
  const homes = homesOfThisThread()
  for (const root of new Set(v1.values())) {
    const [controller = ''] = [...v1].find(([, mount]) => mount === root) ?? []
    const there = openTasks(join(root, path), path)
    try {
      ways.push({ there, back: openTasks(join(root, homes.get(controller) ?? '/'), homes.get(controller) ?? '/') })
    } catch (error) {
      closeSync(there)
      throw error
    }
  }
}

export function openTasks(directory: string, path: string): number {
  try {
    return openSync(join(directory, 'tasks'), 'r+')
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new CgroupMissing(path) : error
  }
}

/** All of them, also when one fails: better half at home than not at all. */
function goBack(ways: readonly Way[]): void {
  const failures = ways.flatMap(({ back }) => {
    try {
      writeSync(back, '0')
      return []
    } catch (error) {
      return [error]
    }
  })
  if (failures.length > 0) throw new Error('this thread could not go back to its own cgroups', { cause: failures[0] })
}

/** Controller (or "name=...") to this thread's group, from proc(5) /proc/thread-self/cgroup. */
function homesOfThisThread(): Map<string, string> {
  const homes = new Map<string, string>()
  for (const line of readFileSync('/proc/thread-self/cgroup', 'utf8').trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    for (const name of controllers.split(',')) homes.set(name, path)
  }
  return homes
}
