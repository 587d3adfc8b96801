/** What a node leaves in the kernel and the file system, as text that can be compared before and after. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { realPacketFilter, realProcessRunner } from '@insula/kernel'
import type { TestNode } from './node.ts'

const runner = realProcessRunner()

export interface Traces {
  readonly mounts: string[]
  readonly cgroups: string[]
  readonly links: string[]
  readonly routes: string[]
  readonly filter: string[]
  readonly files: string[]
  readonly processes: string[]
  readonly descriptors: string[]
}

export async function traces(node: TestNode): Promise<Traces> {
  const { instance } = node
  const { stdout: links } = await runner.run(['ip', '-json', 'link', 'show'])
  const { stdout: routes } = await runner.run(['ip', '-json', 'route', 'show'])
  const table = (await realPacketFilter().table('inet', instance.filterTable)) as {
    nftables: Record<string, { elem?: unknown[] }>[]
  } | null
  const pids = ['keeper', 'insulad'].map((which) => node.pidOf(which as 'keeper'))
  return {
    // Of this instance alone: other installations on the machine come and go meanwhile. Overlays never show on the node.
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`/${instance.name}/`) || line.includes(' overlay ')),
    cgroups: cgroupMounts().flatMap((mount) => tree(join(mount, instance.cgroup))),
    links: (JSON.parse(links) as { ifname: string }[])
      .map(({ ifname }) => ifname)
      .filter((name) => name.startsWith(instance.linkPrefix)),
    routes: (JSON.parse(routes) as { dst: string; dev: string }[])
      .filter(({ dev }) => dev.startsWith(instance.linkPrefix))
      .map(({ dst, dev }) => `${dst} ${dev}`),
    filter: (table?.nftables ?? []).map((part) => JSON.stringify(withoutHandles(part))),
    files: [
      instance.bundles,
      instance.runtime,
      instance.scratch,
      join(instance.volume, 'areas'),
      join(instance.volume, 'tmp'),
      join(instance.volume, 'trash'),
    ].flatMap(tree),
    processes: processesOf(instance.name),
    descriptors: pids.flatMap((pid) => [`${pid}: ${openDescriptors(pid)}`]),
  }
}

/** Handles number every replacement of a table. */
function withoutHandles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutHandles)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'handle')
      .map(([key, inner]) => [key, withoutHandles(inner)]),
  )
}

const cgroupMounts = (): string[] =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, target]) => target ?? '')

function tree(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) return [path, ...tree(path)]
      return directory.startsWith('/sys/') ? [] : [path]
    })
  } catch {
    return []
  }
}

/** Everything whose command line speaks of the instance's directories, by name. */
function processesOf(instance: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        const ours = line.includes(`/${instance}/`) || line.endsWith(` ${instance}`)
        return ours && !line.includes('node --test') && !line.includes('.test.ts')
          ? [`${readlinkSync(`/proc/${pid}/exe`).split('/').at(-1)} ${line}`]
          : []
      } catch {
        return []
      }
    })
    .toSorted()
}

/** Pipes, sockets and ptys come and go with requests; what matters is that their number does not grow. */
function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
