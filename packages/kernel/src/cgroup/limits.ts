/** Sets the limits of a group: all of them, or none. */

import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type CgroupLimits, CgroupMissing, LimitBelowUse } from './cgroup.ts'
import { refreshCpusetsAbove } from './groups.ts'
import { directoryOf, type Hierarchies } from './hierarchies.ts'
import { type Knob, memoryKnobsV1, memoryKnobsV2, plainKnobsV1, plainKnobsV2 } from './knobs.ts'
import { field, number, text } from './values.ts'

/** Asynchronous writes: lowering memory makes the kernel reclaim it before the write returns. */
export async function setLimits(hierarchies: Hierarchies, path: string, limits: CgroupLimits): Promise<void> {
  refuseFewerPids(hierarchies, path, limits)
  refuseLessThanFixed(hierarchies, path, limits)
  const unified = hierarchies.mode === 'unified'
  if (unified) await makeRoom(hierarchies, path, limits)
  const knobs = unified
    ? [...plainKnobsV2(limits, allCpusV2(hierarchies, path)), ...memoryKnobsV2(limits)]
    : knobsV1(hierarchies, path, limits)
  await writeAll(hierarchies, path, knobs, limits)
}

/** The kernel would take it, and the next fork inside would fail. */
function refuseFewerPids(hierarchies: Hierarchies, path: string, { pids: wanted }: CgroupLimits): void {
  const directory = directoryOf(hierarchies, 'pids', path)
  if (wanted === null || directory === null) return
  const used = number(join(directory, 'pids.current')) ?? 0
  if (used > wanted) throw new LimitBelowUse('pids', wanted, used)
}

/**
 * What cannot be made less by reclaim: to try would only cost the group its page cache before it is refused. What can be swapped out is not
 * fixed. v1 does not tell which part of the kernel's own use could go.
 */
function refuseLessThanFixed(hierarchies: Hierarchies, path: string, { memory: wanted, swap }: CgroupLimits): void {
  const directory = directoryOf(hierarchies, 'memory', path)
  if (wanted === null || swap !== 0 || directory === null) return
  const has = (name: string): number => field(join(directory, 'memory.stat'), name) ?? 0
  const fixed =
    hierarchies.mode === 'unified'
      ? has('anon') + has('shmem') + Math.max(0, has('kernel') - has('slab_reclaimable'))
      : has('total_rss') + has('total_shmem')
  if (fixed > wanted) throw new LimitBelowUse('memory', wanted, fixed)
}

/** v1 refuses a limit below what it cannot reclaim. v2 would kill instead, so what is in use is asked first. */
async function makeRoom(hierarchies: Hierarchies, path: string, { memory: wanted }: CgroupLimits): Promise<void> {
  const directory = directoryOf(hierarchies, 'memory', path)
  if (wanted === null || directory === null) return
  const used = (): number => number(join(directory, 'memory.current')) ?? 0
  const needed = (): number => used() - (field(join(directory, 'memory.stat'), 'inactive_file') ?? 0)
  if (needed() <= wanted) return
  // EAGAIN: less could be reclaimed than was asked for. ENOENT: kernels before 5.19. What remains in use decides.
  await writeFile(join(directory, 'memory.reclaim'), `${used() - wanted}`, { flag: 'r+' }).catch(() => undefined)
  if (needed() > wanted) throw new LimitBelowUse('memory', wanted, needed())
}

/**
 * An empty set means "as the parent", and the kernel takes a newline for it; but a group with processes that has a set once cannot have
 * an empty one again (ENOSPC). Then it is given all that its parent has.
 */
function allCpusV2(hierarchies: Hierarchies, path: string): string {
  const directory = directoryOf(hierarchies, 'cpuset', path)
  if (directory === null || (text(join(directory, 'cpuset.cpus')) ?? '').trim() === '') return '\n'
  return text(join(dirname(directory), 'cpuset.cpus.effective'))?.trim() || '\n'
}

function knobsV1(hierarchies: Hierarchies, path: string, limits: CgroupLimits): Knob[] {
  refreshCpusetsAbove(hierarchies, path)
  const cpuset = directoryOf(hierarchies, 'cpuset', dirname(path))
  const all = (cpuset === null ? null : text(join(cpuset, 'cpuset.cpus')))?.trim() ?? ''
  const memory = directoryOf(hierarchies, 'memory', path)
  const now = memory === null ? null : number(join(memory, 'memory.limit_in_bytes'))
  const raising = limits.memory === null || limits.memory > (now ?? 0)
  return [...plainKnobsV1(limits, all), ...memoryKnobsV1(limits, raising)]
}

async function writeAll(hierarchies: Hierarchies, path: string, knobs: readonly Knob[], limits: CgroupLimits): Promise<void> {
  const written: { readonly file: string; readonly before: string }[] = []
  try {
    for (const knob of knobs) {
      const directory = directoryOf(hierarchies, knob.controller, path)
      if (directory !== null && !existsSync(directory)) throw new CgroupMissing(path)
      const file = join(directory ?? '', knob.file)
      const before = directory === null ? null : text(file)
      if (before === null) {
        if (knob.dispensable) continue
        throw new Error(`cannot limit ${path}: this host's cgroups have no ${knob.file}`)
      }
      await write(file, knob.value).catch((error: unknown) => {
        throw refusal(path, knob, file, limits, error as NodeJS.ErrnoException)
      })
      written.push({ file, before: before.trim() || '\n' })
    }
  } catch (error) {
    const restored = ({ file, before }: { readonly file: string; readonly before: string }): string =>
      before === '\n' && file.endsWith('/cpuset.cpus') ? allCpusV2(hierarchies, path) : before
    for (const change of written.toReversed()) await write(change.file, restored(change))
    throw error
  }
}

/** Without O_CREAT and O_TRUNC: a group that went is an error and not a file of ours. */
const write = (file: string, value: string): Promise<void> => writeFile(file, value, { flag: 'r+' })

function refusal(path: string, knob: Knob, file: string, limits: CgroupLimits, cause: NodeJS.ErrnoException): Error {
  if (cause.code === 'ENOENT' || cause.code === 'ENODEV') return new CgroupMissing(path)
  if (cause.code === 'EBUSY' && knob.file === 'memory.limit_in_bytes') {
    return new LimitBelowUse('memory', limits.memory ?? 0, number(join(dirname(file), 'memory.usage_in_bytes')) ?? 0)
  }
  if (cause.code === 'EBUSY' && knob.file === 'memory.memsw.limit_in_bytes') {
    const [sum, memory] = ['memory.memsw.usage_in_bytes', 'memory.usage_in_bytes'].map(
      (name) => number(join(dirname(file), name)) ?? 0,
    )
    return new LimitBelowUse('swap', limits.swap ?? 0, (sum ?? 0) - (memory ?? 0))
  }
  return new Error(`cannot set ${knob.file} of cgroup ${path} to ${knob.value.trim()}: ${cause.code ?? cause.message}`, { cause })
}
