/** Tasks as rows of the database. */

import type { Task } from '@insula/contract'
import type { Selectable, Updateable } from 'kysely'
import type { Tables } from '../store/open.ts'

export function columnsOf(task: Task): Updateable<Tables['task']> {
  const json = (value: unknown): string | null => (value === null || value === undefined ? null : JSON.stringify(value))
  return {
    state: task.state,
    progress: json(task.progress),
    result: json(task.result),
    error: json(task.error),
    cancellable: task.cancellable ? 1 : 0,
    started_at: task.startedAt,
    ended_at: task.endedAt,
  }
}

export function taskOf(row: Selectable<Tables['task']>): Task {
  const parse = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
  return {
    id: row.id,
    kind: row.kind,
    vps: row.vps,
    subject: row.subject,
    state: row.state as Task['state'],
    progress: parse(row.progress) as Task['progress'],
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    result: parse(row.result),
    error: parse(row.error) as Task['error'],
    cancellable: row.cancellable === 1,
  }
}
