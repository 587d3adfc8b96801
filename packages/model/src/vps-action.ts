/** Which action is legal in which state, as one table. */

import type { SettledState, VpsState } from './vps-state.ts'

export const ACTIONS = {
  start: ['stopped', 'failed'],
  stop: ['running', 'suspended'],
  restart: ['running', 'suspended'],
  suspend: ['running'],
  resume: ['suspended'],
  destroy: ['stopped', 'failed'],
  set: ['stopped', 'running', 'suspended', 'failed'],
  rename: ['stopped', 'running', 'suspended', 'failed'],
  snapshot: ['stopped', 'running', 'suspended', 'failed'],
  rollback: ['stopped', 'failed'],
  /** As it is now; from a snapshot it may be in any state. */
  clone: ['stopped', 'failed'],
  relink: ['stopped'],
  rebase: ['stopped'],
  /** On the node, for its administrator. */
  mount: ['stopped'],
  exec: ['running'],
  console: ['running', 'suspended'],
  log: ['running', 'suspended'],
} as const satisfies Readonly<Record<string, readonly SettledState[]>>
export type Action = keyof typeof ACTIONS

/** What force adds: a VPS that has an init is stopped without asking it, then destroyed. */
export const FORCED_ACTIONS: Readonly<Partial<Record<Action, readonly SettledState[]>>> = {
  destroy: ['running', 'suspended'],
}

export function isLegal(action: Action, state: VpsState, force = false): boolean {
  const states: readonly VpsState[] = force ? [...ACTIONS[action], ...(FORCED_ACTIONS[action] ?? [])] : ACTIONS[action]
  return states.includes(state)
}
