/** What to say when an action is not legal: to which VPS, why not, and what to do instead. */

import type { Action } from './vps-action.ts'
import { OUTCOMES, type SettledState, type TransientState, type VpsState, isTransient } from './vps-state.ts'

export interface Refusal {
  /** busy: the same may be legal once the task that works on the VPS has ended. */
  readonly code: 'busy' | 'conflict'
  readonly message: string
  readonly remedy: string
}

/** For an action that `isLegal` denies without force. `name` is the VPS's. */
export function refusal(action: Action, name: string, state: VpsState): Refusal {
  const message = `cannot ${PHRASES[action]} VPS "${name}": it ${CONDITIONS[state]}`
  return isTransient(state)
    ? { code: 'busy', message, remedy: waiting(action, name, state) }
    : { code: 'conflict', message, remedy: otherWay(action, state)(name) }
}

function waiting(action: Action, name: string, state: TransientState): string {
  const outcome = OUTCOMES[state]
  const see = `"insula task list --vps ${name}" shows how far it is`
  if (DOING[action] === state) return `nothing to do: it is under way; ${see}`
  return outcome === null ? `wait until it is gone, then create another; ${see}` : `wait until it is ${outcome}; ${see}`
}

function otherWay(action: Action, state: SettledState): (name: string) => string {
  return REMEDIES[action][state] ?? (() => 'try again')
}

/** The transient state in which an action's own work is being done. */
const DOING: Readonly<Partial<Record<Action, TransientState>>> = {
  start: 'starting',
  stop: 'stopping',
  suspend: 'suspending',
  resume: 'resuming',
  destroy: 'destroying',
}

const PHRASES: Readonly<Record<Action, string>> = {
  start: 'start',
  stop: 'stop',
  restart: 'restart',
  suspend: 'suspend',
  resume: 'resume',
  destroy: 'destroy',
  set: 'change',
  rename: 'rename',
  snapshot: 'make a snapshot of',
  rollback: 'roll back',
  clone: 'clone',
  relink: 'relink',
  rebase: 'rebase',
  mount: 'mount the files of',
  exec: 'run a command in',
  console: 'open the console of',
  log: 'show the log of',
}

const CONDITIONS: Readonly<Record<VpsState, string>> = {
  creating: 'is being created',
  stopped: 'is stopped',
  starting: 'is starting',
  running: 'is running',
  stopping: 'is stopping',
  suspended: 'is suspended',
  suspending: 'is being suspended',
  resuming: 'is being resumed',
  destroying: 'is being destroyed',
  failed: 'has failed',
}

type Remedy = (name: string) => string

const startFirst: Remedy = (name) => `start it first: "insula start ${name}"`
const startInstead: Remedy = (name) => `start it instead: "insula start ${name}"`
const resumeFirst: Remedy = (name) => `resume it first: "insula resume ${name}"`
const resumeInstead: Remedy = (name) => `resume it instead: "insula resume ${name}"`
const seeWhy: Remedy = (name) => `see why with "insula show ${name}", then start it first: "insula start ${name}"`
const stopFirst: Remedy = (name) =>
  `stop it first: "insula stop ${name}"; or stop and destroy it at once: "insula destroy --force ${name}"`

const stopOrSnapshot: Remedy = (name) =>
  `stop it first: "insula stop ${name}"; or clone a snapshot of it: "insula snapshot create ${name} NAME", then --snapshot NAME`
const stopBefore: Remedy = (name) => `stop it first: "insula stop ${name}"`
const settleFirst: Remedy = (name) => `see why with "insula show ${name}"; "insula doctor --repair" puts right what can be`

/** One for every settled state in which the action is not legal. */
const REMEDIES: Readonly<Record<Action, Readonly<Partial<Record<SettledState, Remedy>>>>> = {
  start: { running: (name) => `nothing to do; to boot it anew: "insula restart ${name}"`, suspended: resumeInstead },
  stop: {
    stopped: () => 'nothing to do: it does not run',
    failed: (name) => `nothing to do: it does not run; see why with "insula show ${name}"`,
  },
  restart: { stopped: startInstead, failed: startInstead },
  suspend: {
    stopped: startFirst,
    suspended: (name) => `nothing to do; to let it go on: "insula resume ${name}"`,
    failed: seeWhy,
  },
  resume: { stopped: startInstead, running: () => 'nothing to do: it runs', failed: startInstead },
  destroy: { running: stopFirst, suspended: stopFirst },
  set: {},
  rename: {},
  snapshot: {},
  rollback: { running: stopBefore, suspended: stopBefore },
  clone: { running: stopOrSnapshot, suspended: stopOrSnapshot },
  relink: { running: stopBefore, suspended: stopBefore, failed: settleFirst },
  rebase: { running: stopBefore, suspended: stopBefore, failed: settleFirst },
  mount: { running: stopBefore, suspended: stopBefore, failed: settleFirst },
  exec: { stopped: startFirst, suspended: resumeFirst, failed: seeWhy },
  console: { stopped: startFirst, failed: seeWhy },
  log: { stopped: startFirst, failed: seeWhy },
}
