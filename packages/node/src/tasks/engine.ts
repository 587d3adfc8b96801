/**
 * Everything slow is a task: written down before it begins, one at a time for each VPS, a few at once overall, with progress, log lines,
 * a result or an error, and cancel. A task that was cut off by the end of the process is found by `interrupted` at the next start.
 */

import type { ApiError, Task, TaskLog } from '@insula/contract'
import type { Events } from '../events.ts'
import { asFailure, failure } from '../failures.ts'
import type { Store } from '../store/open.ts'
import { columnsOf, taskOf } from './rows.ts'
import { openTurns, semaphore } from './turns.ts'

export interface TaskContext {
  readonly id: number
  readonly signal: AbortSignal
  progress(step: string, done?: number, total?: number | null): void
  log(text: string): void
}

export interface TaskSpec {
  readonly kind: string
  readonly vps?: number | null
  readonly subject: string
  /** What a later process needs to know to finish it. */
  readonly params?: unknown
  readonly cancellable?: boolean
  /** "cannot start VPS web", for errors that do not say it themselves. */
  readonly doing: string
}

export interface Interrupted {
  readonly task: Task
  readonly params: unknown
}

export interface Tasks {
  start(spec: TaskSpec, body: (context: TaskContext) => Promise<unknown>): Promise<Task>
  /** Resolves when it has ended, or so many milliseconds after. */
  wait(id: number, milliseconds: number): Promise<Task>
  /** @throws ApiFailure not_found */
  show(id: number): Promise<Task>
  list(filter: {
    readonly state?: string | undefined
    readonly vps?: number | undefined
    readonly limit: number
  }): Promise<Task[]>
  log(id: number): Promise<TaskLog>
  /** @throws ApiFailure conflict when it is over or cannot be cancelled */
  cancel(id: number): Promise<Task>
  /** Whether a task on this VPS waits or runs. */
  busy(vps: number): boolean
  /** Tasks that an earlier process left queued or running. */
  interrupted(): Promise<Interrupted[]>
  /** Goes on with such a task. @param heedful its body heeds the signal: it can be cancelled if it could be before */
  resume(id: number, doing: string, body: (context: TaskContext) => Promise<unknown>, heedful?: boolean): Promise<void>
  /** Ends such a task. */
  settle(id: number, end: { readonly result: unknown } | { readonly error: ApiError }): Promise<void>
  /** Runs body when no task works on this VPS, and keeps tasks away meanwhile. */
  exclusively<T>(vps: number, body: () => Promise<T>): Promise<T>
  /** Cancels what can be cancelled and waits for the rest. */
  drain(): Promise<void>
}

const PARALLEL = 16
const KEPT = 2_000
/** Progress is told at most so often, milliseconds. */
const PROGRESS_EVERY = 200

interface Running {
  task: Task
  readonly controller: AbortController
  readonly ended: PromiseWithResolvers<Task>
}

export function openTasks(store: Store, events: Events, onError: (error: unknown) => void): Tasks {
  const { db } = store
  const running = new Map<number, Running>()
  const turns = openTurns()
  const slots = semaphore(PARALLEL)
  /** VPSs of tasks that are being written down, and have no turn yet. */
  const coming: (number | null)[] = []

  const write = async (task: Task): Promise<void> => {
    await store.write(db.updateTable('task').set(columnsOf(task)).where('id', '=', task.id))
  }
  const tell = (task: Task): void => events.emit({ kind: 'task', vps: task.vps, data: task })
  const show = async (id: number): Promise<Task> => {
    const live = running.get(id)
    if (live) return live.task
    const row = await db.selectFrom('task').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) throw failure('not_found', `there is no task ${id}`, 'see `insula task list`; tasks of long ago are not kept')
    return taskOf(row)
  }

  const perform = async (entry: Running, doing: string, body: (context: TaskContext) => Promise<unknown>): Promise<void> => {
    const update = (fields: Partial<Task>): void => void (entry.task = { ...entry.task, ...fields })
    try {
      update({ state: 'running', startedAt: now() })
      const result = (await body(contextOf(entry, update))) ?? null
      update({ state: 'done', result, endedAt: now(), progress: null, cancellable: false })
    } catch (error) {
      const cancelled = entry.controller.signal.aborted
      const reason = cancelled ? failure('cancelled', `${doing}: it was cancelled`, undefined, error) : asFailure(error, doing)
      if (!cancelled && reason.code === 'internal') onError(error)
      update({ state: cancelled ? 'cancelled' : 'failed', error: reason.toJSON(), endedAt: now(), cancellable: false })
    }
    await write(entry.task).catch(onError)
    running.delete(entry.task.id)
    tell(entry.task)
    entry.ended.resolve(entry.task)
    if (entry.task.id % 100 === 0) store.write(db.deleteFrom('task').where('id', '<=', entry.task.id - KEPT)).catch(onError)
  }

  const contextOf = (entry: Running, update: (fields: Partial<Task>) => void): TaskContext => {
    let told = 0
    return {
      id: entry.task.id,
      signal: entry.controller.signal,
      progress(step, done = 0, total = null) {
        update({ progress: { step, done, total } })
        if (Date.now() - told < PROGRESS_EVERY) return
        told = Date.now()
        tell(entry.task)
      },
      log(text) {
        store.write(db.insertInto('task_line').values({ task: entry.task.id, at: now(), text })).catch(onError)
      },
    }
  }

  const begin = (task: Task, doing: string, body: (context: TaskContext) => Promise<unknown>): void => {
    const entry: Running = { task, controller: new AbortController(), ended: Promise.withResolvers() }
    running.set(task.id, entry)
    tell(task)
    void turns.take(task.vps, () => slots(() => perform(entry, doing, body)))
  }

  return {
    async start(spec, body) {
      const { kind, vps = null, subject, params = null, cancellable = false } = spec
      const createdAt = now()
      coming.push(vps)
      const { insertId } = await store
        .write(
          db.insertInto('task').values({
            kind,
            vps,
            subject,
            state: 'queued',
            params: JSON.stringify(params),
            cancellable: cancellable ? 1 : 0,
            created_at: createdAt,
            progress: null,
            result: null,
            error: null,
            started_at: null,
            ended_at: null,
          }),
        )
        .catch((error: unknown) => {
          coming.splice(coming.indexOf(vps), 1)
          throw error
        })
      const task: Task = {
        id: insertId,
        kind,
        vps,
        subject,
        state: 'queued',
        progress: null,
        createdAt,
        startedAt: null,
        endedAt: null,
        result: null,
        error: null,
        cancellable,
      }
      begin(task, spec.doing, body)
      coming.splice(coming.indexOf(vps), 1)
      return task
    },
    async wait(id, milliseconds) {
      const live = running.get(id)
      if (!live) return show(id)
      const { promise: late, resolve } = Promise.withResolvers<void>()
      // Who waits keeps a connection open; the wait alone keeps no process alive.
      const timer = setTimeout(resolve, milliseconds).unref()
      await Promise.race([live.ended.promise, late])
      clearTimeout(timer)
      return live.task
    },
    show,
    async list({ state, vps, limit }) {
      let query = db.selectFrom('task').selectAll().orderBy('id', 'desc').limit(limit)
      // The row of a task that runs is as old as its beginning.
      if (state !== undefined && state !== 'running' && state !== 'queued') query = query.where('state', '=', state)
      if (state === 'running' || state === 'queued') query = query.where('state', 'in', ['queued', 'running'])
      if (vps !== undefined) query = query.where('vps', '=', vps)
      const tasks = (await query.execute()).map((row) => running.get(row.id)?.task ?? taskOf(row))
      return state === undefined ? tasks : tasks.filter((task) => task.state === state)
    },
    async log(id) {
      await show(id)
      return { lines: await db.selectFrom('task_line').select(['at', 'text']).where('task', '=', id).execute() }
    },
    async cancel(id) {
      const live = running.get(id)
      const task = live?.task ?? (await show(id))
      if (!live) throw failure('conflict', `task ${id} is over already (${task.state})`)
      if (!task.cancellable)
        throw failure(
          'conflict',
          `task ${id} (${task.kind}) cannot be cancelled`,
          'it ends soon by itself; watch it with `insula task show`',
        )
      live.controller.abort()
      return live.task
    },
    busy: (vps) => turns.taken(vps) || coming.includes(vps),
    async interrupted() {
      const rows = await db.selectFrom('task').selectAll().where('state', 'in', ['queued', 'running']).orderBy('id').execute()
      return rows
        .filter((row) => !running.has(row.id))
        .map((row) => ({ task: taskOf(row), params: JSON.parse(row.params) as unknown }))
    },
    async resume(id, doing, body, heedful = false) {
      const task = await show(id)
      begin({ ...task, state: 'queued', cancellable: heedful && task.cancellable, progress: null }, doing, body)
    },
    async settle(id, end) {
      const task = await show(id)
      const ended = { endedAt: now(), cancellable: false, progress: null }
      const after: Task =
        'error' in end
          ? { ...task, ...ended, state: 'failed', error: end.error }
          : { ...task, ...ended, state: 'done', result: end.result }
      await write(after)
      tell(after)
    },
    exclusively: turns.take,
    async drain() {
      for (const { task, controller } of running.values()) if (task.cancellable) controller.abort()
      await Promise.all([...running.values()].map(({ ended }) => ended.promise))
    },
  }
}

const now = (): string => new Date().toISOString()
