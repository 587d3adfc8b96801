/** The columns in which tasks are listed. */

import type { AppResult, Task } from '@insula/contract/light'
import type { Column } from '../output/table.ts'
import { moment, span } from '../output/time.ts'

export const STANDARD_TASK_COLUMNS = ['id', 'kind', 'subject', 'state', 'took', 'created', 'step'] as const

export const taskColumns: readonly Column<Task>[] = [
  { name: 'id', about: 'number', right: true, value: ({ id }) => String(id) },
  { name: 'kind', about: 'what is done', value: ({ kind }) => kind },
  { name: 'subject', about: 'to what', shrinks: true, value: ({ subject }) => subject },
  { name: 'state', about: 'queued, running, done, failed or cancelled', value: ({ state }) => state },
  { name: 'took', about: 'how long it has run', right: true, value: took },
  { name: 'created', about: 'when it was asked for', value: ({ createdAt }) => moment(createdAt) },
  {
    name: 'step',
    about: 'what it does now, why it failed, or for how many of many it did',
    shrinks: true,
    value: (task) => task.error?.message ?? task.progress?.step ?? notAll(task) ?? '-',
  },
  { name: 'vps', about: 'id of the VPS', right: true, value: ({ vps }) => String(vps ?? '-') },
  { name: 'done', about: 'how far it is', right: true, value: percent },
]

export function took({ startedAt, endedAt }: Task): string {
  if (startedAt === null) return '-'
  const milliseconds = (endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt)
  return milliseconds < 10_000 ? `${Math.max(0, milliseconds / 1000).toFixed(2)}s` : span(milliseconds)
}

function percent({ progress }: Task): string {
  if (progress === null || progress.total === null || progress.total === 0) return '-'
  return `${Math.floor((progress.done / progress.total) * 100)}%`
}

/** Of a task for many VPSs that is done: how many of them it was not done to. Null: none, or it is about one. */
export function notAll({ state, result }: Pick<Task, 'state' | 'result'>): string | null {
  const { vps } = (state === 'done' ? (result ?? {}) : {}) as Partial<AppResult>
  if (!Array.isArray(vps)) return null
  const count = (outcome: string): number => vps.filter((one) => one.outcome === outcome).length
  const [failed, untried] = [count('failed'), count('untried')]
  if (failed + untried === 0) return null
  return `${failed} of ${vps.length} failed${untried === 0 ? '' : `, ${untried} not tried`}`
}
