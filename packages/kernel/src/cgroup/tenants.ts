/** The processes of a group: who they are, standing still, going on, and their end. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CgroupMissing } from './cgroup.ts'
import { directoryOf, type Hierarchies } from './hierarchies.ts'
import { numbers, subtree, text } from './values.ts'

const KILL_MS = 10_000
const FREEZE_MS = 10_000
const POLL_MS = 5

/** On v1 in the hierarchy of the freezer, or any: the delegate cannot move anything there. */
export function processesDirectory(hierarchies: Hierarchies, path: string): string {
  return directoryOf(hierarchies, 'freezer', path) ?? join([...hierarchies.v1.values()][0] ?? '', path)
}

export function processesOf(hierarchies: Hierarchies, path: string): number[] {
  const groups = subtree(processesDirectory(hierarchies, path))
  return [...new Set(groups.flatMap((group) => numbers(join(group, 'cgroup.procs'))))]
}

export function isFrozen(hierarchies: Hierarchies, path: string): boolean {
  const directory = directoryOf(hierarchies, 'freezer', path)
  if (directory === null) return false
  const unified = hierarchies.mode === 'unified'
  const state = text(join(directory, unified ? 'cgroup.events' : 'freezer.state'))
  if (state === null) throw new CgroupMissing(path)
  return unified ? /^frozen 1$/m.test(state) : state.trim() === 'FROZEN'
}

export async function setFrozen(hierarchies: Hierarchies, path: string, freeze: boolean): Promise<void> {
  askFrozen(hierarchies, path, freeze)
  for (const deadline = Date.now() + FREEZE_MS; isFrozen(hierarchies, path) !== freeze; await sleep(POLL_MS)) {
    if (Date.now() < deadline) continue
    // Half frozen is worse than running.
    if (freeze) askFrozen(hierarchies, path, false)
    throw new Error(
      `cgroup ${path} did not ${freeze ? 'freeze' : 'thaw'} within ${FREEZE_MS / 1000} s: a process waits for a device`,
    )
  }
}

function askFrozen(hierarchies: Hierarchies, path: string, freeze: boolean): void {
  const directory = directoryOf(hierarchies, 'freezer', path)
  if (directory === null) throw new Error(`cannot freeze cgroup ${path}: this host has no freezer controller`)
  try {
    if (hierarchies.mode === 'unified') writeFileSync(join(directory, 'cgroup.freeze'), freeze ? '1' : '0', { flag: 'r+' })
    else writeFileSync(join(directory, 'freezer.state'), freeze ? 'FROZEN' : 'THAWED', { flag: 'r+' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'ENOENT' || code === 'ENODEV' ? new CgroupMissing(path) : error
  }
}

export async function killAll(hierarchies: Hierarchies, path: string): Promise<void> {
  const deadline = Date.now() + KILL_MS
  for (let round = 0; ; round++) {
    const left = processesOf(hierarchies, path)
    if (left.length === 0) return
    if (Date.now() > deadline) {
      throw new Error(`${left.length} processes of cgroup ${path} did not end within ${KILL_MS / 1000} s of SIGKILL`)
    }
    // The kernel's own way misses nobody and cannot hit a number that was given anew. One by one: old kernels, and who is in v1 only.
    if (round > 0 || !killTree(hierarchies, path)) for (const pid of left) kill(pid)
    // The v1 freezer keeps even SIGKILL waiting.
    if (hierarchies.mode !== 'unified' && hierarchies.v1.has('freezer')) thawForKill(hierarchies, path)
    await sleep(POLL_MS)
  }
}

/** False where the kernel (before 5.14) or the host has no cgroup.kill. */
function killTree({ v2 }: Hierarchies, path: string): boolean {
  try {
    if (v2 === null) return false
    writeFileSync(join(v2, path, 'cgroup.kill'), '1', { flag: 'r+' })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENODEV') return false
    throw error
  }
}

function thawForKill(hierarchies: Hierarchies, path: string): void {
  try {
    askFrozen(hierarchies, path, false)
  } catch (error) {
    if (!(error instanceof CgroupMissing)) throw error
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}
