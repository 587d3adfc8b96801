/**
 * Brings one VPS's init into being: user namespace, console, root file system in a mount namespace of its own, OCI runtime create. What
 * comes out is a process that waits; nothing of it shows in the host's mount table.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Cgroups,
  errorCode,
  type GiveDescriptor,
  lastLogMessage,
  type MountCalls,
  type OpenConfinedRoot,
  openPty,
  type PrivateMounts,
  type Pty,
  type Runtime,
  type UserNamespace,
  type UserNamespaces,
} from '@insula/kernel'
import type { IdQuotaPlace } from '@insula/vzfs'
import { endInTime } from './deadline.ts'
import { KeeperError } from './errors.ts'
import type { LaunchSpec } from './keeper.ts'

export interface LaunchMeans {
  readonly cgroups: Cgroups
  readonly mounts: PrivateMounts
  readonly runtime: Runtime
  readonly userNamespaces: UserNamespaces
  readonly openRoot: OpenConfinedRoot
  readonly give: GiveDescriptor
  /** Where the runtime hands the seccomp listener over. */
  readonly listenerSocket: string
}

/** What a later keeper must know to adopt this VPS; lies in the bundle. */
export interface KeptRecord {
  readonly base: number
  readonly cgroup: string
  readonly quota: IdQuotaPlace | null
}

export interface Launched {
  readonly pid: number
  readonly pty: Pty
}

/** @throws KeeperError launch_failed, no_space; the caller then discards what is left */
export async function launch(means: LaunchMeans, spec: LaunchSpec): Promise<Launched> {
  mkdirSync(spec.bundle, { recursive: true, mode: 0o700 })
  const pidFile = join(spec.bundle, 'pid')
  const log = join(spec.bundle, 'create.log')
  writeFileSync(log, '')
  const { cgroup, quota } = spec
  writeFileSync(recordFile(spec.bundle), JSON.stringify({ base: spec.idMap.base, cgroup, quota } satisfies KeptRecord))

  using userns = await means.userNamespaces(spec.idMap)
  const pty = openPty()
  try {
    means.give(pty.slave, spec.idMap.base, spec.idMap.base)
    writeFileSync(join(spec.bundle, 'config.json'), JSON.stringify(complete(spec, pty.path, userns, means.listenerSocket)))
    using door = means.cgroups.door(spec.cgroup)
    const create = means.mounts.inPrivateCopy((calls) => {
      calls.overlay(spec.root, userns)
      if (quota) calls.deviceOf(spec.root.root, rootDevice(spec.bundle), spec.idMap.base)
      placeFiles(means.openRoot, spec)
      showPureV2(calls, means.cgroups)
      const stdio = [pty.slave, pty.slave, pty.slave] as const
      return means.runtime.create(spec.id, { bundle: spec.bundle, pidFile, log, stdio, door })
    })
    const { code, signal } = await endInTime(create)
    if (code !== 0) throw new KeeperError('launch_failed', lastLogMessage(log) || `crun create ended with ${code ?? signal}`)
    return { pid: Number(readFileSync(pidFile, 'utf8')), pty }
  } catch (error) {
    pty[Symbol.dispose]()
    if (error instanceof KeeperError) throw error
    throw new KeeperError(errorCode(error) === 'ENOSPC' ? 'no_space' : 'launch_failed', (error as Error).message, error)
  }
}

/** Null when the bundle is gone or damaged. */
export function readKeptRecord(bundle: string): KeptRecord | null {
  try {
    return JSON.parse(readFileSync(recordFile(bundle), 'utf8')) as KeptRecord
  } catch {
    return null
  }
}

/** What stands for the VPS's file system where tools for quota want a device. It can be looked at, and that is all: no driver has its number. */
export const ROOT_DEVICE = '/dev/root'
const rootDevice = (bundle: string): string => join(bundle, 'root-device')
const recordFile = (bundle: string): string => join(bundle, 'keeper.json')

/**
 * What the runtime must see at /sys/fs/cgroup (decision 1). A bind of the host's own v2 tree: to mount a file system of that type makes the kernel
 * wait for all its readers (10 ms), in which the keeper does nothing else.
 */
export function showPureV2(calls: MountCalls, { v2Tree }: Cgroups): void {
  if (v2Tree === null) calls.fileSystem('cgroup2', CGROUP_ROOT)
  else if (v2Tree !== CGROUP_ROOT) calls.bind(v2Tree, CGROUP_ROOT)
}

const CGROUP_ROOT = '/sys/fs/cgroup'

function placeFiles(openRoot: OpenConfinedRoot, spec: LaunchSpec): void {
  using root = openRoot(spec.root.root)
  for (const file of spec.files) root.write(file.path, file.contents, file.mode, spec.idMap.base)
}

interface OciConfig {
  readonly mounts?: readonly unknown[]
  readonly linux?: {
    readonly namespaces?: readonly { readonly type: string; readonly path?: string }[]
    readonly seccomp?: object
  }
}

/** The runtime configuration with what only the keeper knows: the user namespace, the console, and who answers system calls. */
function complete(spec: LaunchSpec, console: string, userns: UserNamespace, listenerPath: string): unknown {
  const config = spec.config as OciConfig
  const others = (config.linux?.namespaces ?? []).filter((namespace) => namespace.type !== 'user')
  return {
    ...config,
    root: { path: spec.root.root, readonly: false },
    mounts: [
      ...(config.mounts ?? []),
      { destination: '/dev/console', type: 'bind', source: console, options: ['bind'] },
      ...(spec.quota
        ? [{ destination: ROOT_DEVICE, type: 'bind', source: rootDevice(spec.bundle), options: ['bind', 'nosuid', 'noexec'] }]
        : []),
    ],
    linux: {
      ...config.linux,
      namespaces: [{ type: 'user', path: userns.path }, ...others],
      ...(config.linux?.seccomp ? { seccomp: { ...config.linux.seccomp, listenerPath } } : {}),
    },
  }
}
