/** What the supervisor runs, in the order in which it starts them. They stop in the opposite order. */

import { join } from 'node:path'
import type { Instance } from '../instance.ts'

export interface ChildSpec {
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  /** Connecting to it succeeds once the child is ready. */
  readonly socket: string
  /** It hands descriptors to the supervisor and gets them back when it is started again. */
  readonly storesDescriptors: boolean
  /** Signals that the supervisor passes on in place of SIGTERM when it was stopped by them. */
  readonly understands: readonly NodeJS.Signals[]
  /** How long it may take to stop before it is killed, in milliseconds. */
  readonly patience: number
}

/** Where one supervisor keeps its files. */
export interface Place {
  readonly name: string
  readonly run: string
  readonly logs: string
}

/** Node compiles TypeScript at every start, and keeps the compiler in memory, unless it finds the result here. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: '/var/cache/insula/node' }

/** Threads share two arenas of libc's allocator in place of one each, of which most stays unused. mallopt(3) */
export const ENVIRONMENT = { ...COMPILE_CACHE, MALLOC_ARENA_MAX: '2' }

/** A smaller Node: these processes compute little. */
export const NODE = [process.execPath, '--v8-pool-size=1', '--max-semi-space-size=2'] as const

export function childrenOf(instance: Instance): readonly ChildSpec[] {
  const program = (file: string): readonly [string, ...string[]] => [
    ...NODE,
    join(import.meta.dirname, '..', file),
    '--instance',
    instance.name,
  ]
  return [
    {
      name: 'keeper',
      argv: program('insula-keeper.ts'),
      env: ENVIRONMENT,
      socket: instance.keeperSocket,
      storesDescriptors: true,
      // Stop lxcfs as well.
      understands: ['SIGUSR1'],
      patience: 10_000,
    },
    {
      name: 'insulad',
      argv: program('insulad.ts'),
      env: ENVIRONMENT,
      socket: instance.apiSocket,
      storesDescriptors: false,
      understands: [],
      patience: 30_000,
    },
  ]
}

export const pidFile = (place: Place, name: string): string => join(place.run, `${name}.pid`)
export const logFile = (place: Place, name: string): string => join(place.logs, `${name}.log`)
