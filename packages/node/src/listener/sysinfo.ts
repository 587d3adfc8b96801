/**
 * sysinfo(2) for a VPS: what free(1) of BusyBox, Go, Java and others take for the machine. The same numbers as /proc/meminfo and /proc/uptime show
 * inside; lxcfs makes those.
 */

import { readFileSync } from 'node:fs'
import type { CgroupView, CgroupViews } from '@insula/kernel'
import type { Loads } from './load.ts'
import type { ListenedVps } from './vps.ts'

export interface SystemInfo {
  /** Seconds. */
  readonly uptime: number
  /** Of 1, 5 and 15 minutes. */
  readonly loads: Loads
  /** Bytes. */
  readonly memory: number
  readonly free: number
  readonly shared: number
  readonly swap: number
  readonly swapFree: number
  readonly tasks: number
}

export type SystemInfos = (vps: ListenedVps) => SystemInfo

/** Bytes, of the node. */
export interface NodeMemory {
  readonly memory: number
  readonly free: number
  readonly swap: number
  readonly swapFree: number
}

/** A program that asks in a loop gets the same numbers for so long. */
const FRESH_MS = 50
/** USER_HZ, in which proc(5) counts; the same on every x86-64 kernel. */
const TICKS = 100

/** @param loads by id of the VPS */
export function systemInfos(views: CgroupViews, loads: (id: string) => Loads): SystemInfos {
  const cache = new Map<string, { at: number; info: SystemInfo }>()
  return (vps) => {
    const now = performance.now()
    const cached = cache.get(vps.id)
    if (cached && now - cached.at < FRESH_MS) return cached.info
    for (const [id, { at }] of cache) if (now - at >= FRESH_MS) cache.delete(id)
    const info: SystemInfo = {
      ...memoryOf(views.of(vps.cgroup), nodeMemoryIn(readFileSync('/proc/meminfo', 'utf8'))),
      uptime: uptimeOf(readFileSync('/proc/uptime', 'utf8'), readFileSync(`/proc/${vps.init}/stat`, 'utf8')),
      loads: loads(vps.id),
    }
    cache.set(vps.id, { at: now, info })
    return info
  }
}

/** As lxcfs counts: what is not used is free, and the node is the limit where there is none. */
export function memoryOf(view: CgroupView, node: NodeMemory): Omit<SystemInfo, 'uptime' | 'loads'> {
  const memory = Math.min(view.memoryLimit ?? node.memory, node.memory)
  const swap = Math.min(view.swapLimit ?? node.swap, node.swap)
  return {
    memory,
    free: view.memory === null ? Math.min(node.free, memory) : Math.max(0, memory - view.memory),
    shared: view.shared,
    swap,
    swapFree: Math.max(0, swap - view.swap),
    tasks: view.tasks,
  }
}

export function nodeMemoryIn(meminfo: string): NodeMemory {
  const field = (name: string): number => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0)
  return { memory: field('MemTotal'), free: field('MemFree'), swap: field('SwapTotal'), swapFree: field('SwapFree') }
}

/** Seconds since a process started: field 22 of its stat, after a name that may hold anything. */
export function uptimeOf(uptime: string, stat: string): number {
  const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / TICKS
  return Math.max(0, Math.floor(Number(uptime.split(' ')[0]) - started))
}

const LOAD_UNIT = 65_536

/** struct sysinfo of 64-bit programs. */
export function sysinfo64(info: SystemInfo): Buffer {
  const bytes = Buffer.alloc(112)
  const longs = [
    info.uptime,
    ...info.loads.map((load) => Math.round(load * LOAD_UNIT)),
    info.memory,
    info.free,
    info.shared,
    0,
    info.swap,
    info.swapFree,
  ]
  for (const [index, value] of longs.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index)
  bytes.writeUInt16LE(Math.min(info.tasks, 0xffff), 80)
  bytes.writeUInt32LE(1, 104)
  return bytes
}

const PAGE = 4096

/** struct compat_sysinfo. The unit grows until all fits into 32 bits, as in the kernel. */
export function sysinfo32(info: SystemInfo): Buffer {
  const bytes = Buffer.alloc(64)
  let unit = 1
  while (Math.max(info.memory, info.swap) / unit >= 2 ** 32 && unit < PAGE) unit *= 2
  const words = [
    info.uptime,
    ...info.loads.map((load) => Math.round(load * LOAD_UNIT)),
    ...[info.memory, info.free, info.shared, 0, info.swap, info.swapFree].map((value) => Math.floor(value / unit)),
  ]
  for (const [index, value] of words.entries()) bytes.writeUInt32LE(value, 4 * index)
  bytes.writeUInt16LE(Math.min(info.tasks, 0xffff), 40)
  bytes.writeUInt32LE(unit, 52)
  return bytes
}
