/** States as they appear on the wire. Which action is legal in which state is the model's table. */

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

export const TASK_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const
export type TaskState = (typeof TASK_STATES)[number]

export function isTaskOver(state: TaskState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled'
}
