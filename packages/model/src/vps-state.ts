/**
 * The states of a VPS, which may follow which, and what becomes of one whose work was cut off. Written once, here: daemon, CLI and
 * console read these tables. Intent is written before work begins, so a transient state on disk tells what was under way.
 */

export const VPS_STATES = [
  'creating',
  'stopped',
  'starting',
  'running',
  'stopping',
  'suspended',
  'suspending',
  'resuming',
  'destroying',
  'failed',
] as const
export type VpsState = (typeof VPS_STATES)[number]

/** Where the work of each transient state leads when it succeeds; null: the VPS is gone. */
export const OUTCOMES = {
  creating: 'stopped',
  starting: 'running',
  stopping: 'stopped',
  suspending: 'suspended',
  resuming: 'running',
  destroying: null,
} as const satisfies Partial<Record<VpsState, VpsState | null>>
export type TransientState = keyof typeof OUTCOMES
export type SettledState = Exclude<VpsState, TransientState>

/** A task works on a VPS in a transient state; in a settled one it stays until somebody acts or its init ends. */
export function isTransient(state: VpsState): state is TransientState {
  return Object.hasOwn(OUTCOMES, state)
}

/** A create that is taken back and a destroy that ends have no next state: the record goes. */
export const TRANSITIONS: Readonly<Record<VpsState, readonly VpsState[]>> = {
  creating: ['stopped', 'destroying', 'failed'],
  // To running: only by adoption, when the database is older than what runs.
  stopped: ['starting', 'running', 'destroying', 'failed'],
  // To stopping: the start is cancelled. To stopped: it is undone.
  starting: ['running', 'stopping', 'stopped', 'failed'],
  // To stopped and starting: its init ended by itself, by poweroff or reboot.
  running: ['stopping', 'suspending', 'stopped', 'starting', 'destroying', 'failed'],
  // To running: init did not obey and the stop is cancelled. To starting: a restart.
  stopping: ['stopped', 'starting', 'running', 'failed'],
  suspending: ['suspended', 'running', 'stopped', 'failed'],
  // To stopped: a frozen init dies of SIGKILL like any other.
  suspended: ['resuming', 'stopping', 'stopped', 'destroying', 'failed'],
  resuming: ['running', 'suspended', 'stopped', 'failed'],
  // What cannot be removed stays visible.
  destroying: ['failed'],
  // To running: only by adoption.
  failed: ['starting', 'running', 'stopped', 'destroying'],
}

/** Staying is no move. */
export function canMove(from: VpsState, to: VpsState): boolean {
  return TRANSITIONS[from].includes(to)
}

/** The state it is in now; or its work is to be done to the end, or undone until nothing of it is left. */
export type Settlement = SettledState | 'finish' | 'take back'

/**
 * What a record found in `state` comes to after daemon, keeper or machine went down.
 * @param initAlive init runs (or is frozen). One that was made and never told to begin does not count: its launch is discarded.
 * Whatever the answer, what the VPS should not have in its new state (link, cgroup, mounts) is taken down: `down` is idempotent.
 */
export function settleAfterCut(state: VpsState, initAlive: boolean): Settlement {
  return initAlive ? AFTER_CUT[state].alive : AFTER_CUT[state].dead
}

const AFTER_CUT: Readonly<Record<VpsState, { readonly alive: Settlement; readonly dead: Settlement }>> = {
  // A VPS exists whole or not at all.
  creating: { alive: 'take back', dead: 'take back' },
  stopped: { alive: 'running', dead: 'stopped' },
  starting: { alive: 'running', dead: 'stopped' },
  running: { alive: 'running', dead: 'stopped' },
  // With init dead there is still a network and a root to take down.
  stopping: { alive: 'finish', dead: 'finish' },
  suspending: { alive: 'finish', dead: 'stopped' },
  suspended: { alive: 'suspended', dead: 'stopped' },
  resuming: { alive: 'finish', dead: 'stopped' },
  // Half a VPS is of use to nobody.
  destroying: { alive: 'finish', dead: 'finish' },
  // Why it failed is for the administrator to see, unless it runs: then that is what is true.
  failed: { alive: 'running', dead: 'failed' },
}
