/** Lxcfs in memory. */

import type { FakeMachine } from '../machine/machine.ts'
import { DIRECTORY, plainTree, type Tree } from '../machine/tree.ts'
import type { Lxcfs, LxcfsProcess } from './lxcfs.ts'

export interface FakeLxcfs extends Lxcfs {
  /** Ends one as a crash would: its mount stays behind, dead. */
  crash(pid: number): void
  /** From now on it answers nobody. */
  hang(pid: number): void
}

interface Server extends LxcfsProcess {
  readonly mountPoint: string
  state: 'serving' | 'hanging' | 'ended'
  readonly end: () => void
}

const FIRST_PID = 4_000

const FILES = ['proc/cpuinfo', 'proc/meminfo', 'proc/uptime']

export interface FakeLxcfsOptions {
  /** Why the next one does not come up; null when it does. */
  readonly refuse?: () => string | null
  /** Where its files are seen; nowhere when absent. */
  readonly machine?: FakeMachine
}

export function fakeLxcfs({ refuse = () => null, machine }: FakeLxcfsOptions = {}): FakeLxcfs {
  const servers: Server[] = []
  const serving = (mountPoint: string): boolean =>
    servers.findLast((server) => server.mountPoint === mountPoint)?.state === 'serving'
  const end = (pid: number): void => servers.find((server) => server.pid === pid)?.end()
  return {
    files: FILES,
    async start(mountPoint) {
      const problem = refuse()
      if (problem !== null) throw new Error(`lxcfs did not come up on ${mountPoint}: ${problem}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      const server: Server = {
        pid: FIRST_PID + servers.length,
        ended: promise,
        mountPoint,
        state: 'serving',
        end: () => {
          server.state = 'ended'
          resolve()
        },
      }
      servers.push(server)
      if (machine) {
        machine.makeDirectory(mountPoint)
        while (machine.mounts.unmount(mountPoint)) continue
        machine.mounts.mount(mountPoint, filesOf(server))
      }
      return { pid: server.pid, ended: promise }
    },
    alive: serving,
    responds: async (mountPoint) => serving(mountPoint),
    stop: async (_, pid) => (pid === null ? undefined : end(pid)),
    crash: end,
    hang(pid) {
      const server = servers.find((candidate) => candidate.pid === pid)
      if (server?.state === 'serving') server.state = 'hanging'
    },
  }
}

/** Each says who serves it. Of one that has ended there is nothing to see. */
function filesOf(server: Server): Tree {
  const tree = plainTree()
  tree.put('proc', DIRECTORY)
  for (const file of FILES) tree.put(file, { kind: 'file', contents: `lxcfs ${server.pid}`, mode: 0o444, owner: 0 })
  return { ...tree, get: (path) => (server.state === 'ended' && path !== '' ? null : tree.get(path)) }
}
