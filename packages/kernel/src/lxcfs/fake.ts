/** Lxcfs in memory. */

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

/** @param refuse why the next one does not come up; null when it does */
export function fakeLxcfs(refuse: () => string | null = () => null): FakeLxcfs {
  const servers: Server[] = []
  const serving = (mountPoint: string): boolean =>
    servers.findLast((server) => server.mountPoint === mountPoint)?.state === 'serving'
  const end = (pid: number): void => servers.find((server) => server.pid === pid)?.end()
  return {
    files: ['proc/cpuinfo', 'proc/meminfo', 'proc/uptime'],
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
