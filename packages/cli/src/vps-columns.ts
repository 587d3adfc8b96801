/** The columns in which VPSs are listed. */

import { type Vps, formatSize } from '@insula/contract/light'
import type { Column } from './output/table.ts'
import { moment, since, span } from './output/time.ts'

export const STANDARD_VPS_COLUMNS = ['id', 'name', 'state', 'addresses', 'template', 'memory', 'cpu'] as const

/** CPU use between two looks, per cent of one CPU, by id. */
export type CpuUse = ReadonlyMap<number, number>

export function vpsColumns(cpu: CpuUse): readonly Column<Vps>[] {
  return [
    { name: 'id', about: 'number', right: true, value: ({ id }) => String(id) },
    { name: 'name', about: 'name', shrinks: true, value: ({ name }) => name },
    { name: 'state', about: 'running, stopped, ...', value: ({ state }) => state },
    { name: 'addresses', about: 'IPv4 addresses', shrinks: 'items', value: ({ addresses }) => addresses.join(',') || '-' },
    { name: 'template', about: 'OS template', shrinks: true, value: ({ template }) => template.split('@')[0] ?? template },
    { name: 'memory', about: 'used, and the limit', right: true, value: memory },
    {
      name: 'cpu',
      about: 'CPU time used since it started',
      right: true,
      value: ({ usage }) => (usage === null ? '-' : span(usage.cpuMicroseconds / 1000)),
    },
    {
      name: 'cpu%',
      about: 'CPU use now, of one CPU (looks twice, half a second apart)',
      right: true,
      value: ({ id }) => cpu.get(id)?.toFixed(1) ?? '-',
    },
    { name: 'hostname', about: 'host name inside', shrinks: true, value: ({ hostname }) => hostname },
    { name: 'volume', about: 'where its files lie', value: ({ volume }) => volume },
    { name: 'version', about: 'version of the OS template', value: ({ template }) => template },
    {
      name: 'swap',
      about: 'swap used, and the limit',
      right: true,
      value: ({ usage, limits }) => used(usage?.swap, limits.swap),
    },
    {
      name: 'pids',
      about: 'processes, and the limit',
      right: true,
      value: ({ usage, limits }) => `${usage?.pids ?? '-'}/${limits.pids ?? '∞'}`,
    },
    {
      name: 'disk',
      about: 'disk space of its own, and the limit, soft:hard when it has both ("!" when it is not enforced on this volume)',
      right: true,
      value: ({ disk, limits }) => `${used(disk?.bytes, limits.disk, limits.diskSoft)}${unenforced(disk)}`,
    },
    {
      name: 'inodes',
      about: 'files and directories of its own, and the limit',
      right: true,
      value: ({ disk, limits }) =>
        `${disk?.inodes ?? '-'}/${limits.inodesSoft === null ? '' : `${limits.inodesSoft}:`}${limits.inodes ?? '∞'}${unenforced(disk)}`,
    },
    {
      name: 'quota-ugid',
      about: 'users and groups that may have disk limits',
      right: true,
      value: ({ quotaUgid }) => String(quotaUgid),
    },
    { name: 'cpus', about: 'CPUs it may use', right: true, value: ({ limits }) => String(limits.cpus ?? 'all') },
    {
      name: 'cpu-units',
      about: 'share of the CPU when it is short',
      right: true,
      value: ({ limits }) => String(limits.cpuUnits),
    },
    {
      name: 'cpu-limit',
      about: 'most CPU time, of one CPU',
      right: true,
      value: ({ limits }) => (limits.cpuLimit === null ? '-' : `${limits.cpuLimit}%`),
    },
    { name: 'dns', about: 'DNS servers', shrinks: 'items', value: ({ dns }) => dns.join(',') || '-' },
    { name: 'nat', about: "whether its connections leave with the node's address", value: ({ nat }) => (nat ? 'yes' : 'no') },
    { name: 'onboot', about: 'whether it starts with the node', value: ({ onboot }) => (onboot ? 'yes' : 'no') },
    { name: 'boot-order', about: 'lower starts first', right: true, value: ({ bootOrder }) => String(bootOrder) },
    {
      name: 'apps',
      about: 'apps that it has',
      shrinks: true,
      value: ({ apps }) => apps.map(({ name }) => name).join(',') || '-',
    },
    { name: 'plan', about: 'its plan', value: ({ plan }) => plan ?? '-' },
    {
      name: 'labels',
      about: 'its labels',
      shrinks: true,
      value: ({ labels }) =>
        Object.entries(labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(',') || '-',
    },
    { name: 'updates', about: 'when it is updated by itself', value: ({ updates }) => updates },
    { name: 'share', about: 'which of its private files may be shared', value: ({ share }) => share },
    { name: 'uptime', about: 'since it started', right: true, value: ({ startedAt }) => since(startedAt) },
    { name: 'created', about: 'when it was created', value: ({ createdAt }) => moment(createdAt) },
    { name: 'pid', about: "its init's process id on the node", right: true, value: ({ pid }) => String(pid ?? '-') },
    { name: 'problem', about: 'what is wrong with it', shrinks: true, value: ({ problem }) => problem ?? '-' },
  ]
}

function memory({ usage, limits }: Vps): string {
  return used(usage?.memory, limits.memory)
}

const unenforced = (disk: Vps['disk']): string => (disk?.enforced === false ? '!' : '')

function used(bytes: number | undefined, limit: number | null, soft: number | null = null): string {
  const most = `${soft === null ? '' : `${formatSize(soft)}:`}${limit === null ? '∞' : formatSize(limit)}`
  return `${bytes === undefined ? '-' : formatSize(bytes)}/${most}`
}
