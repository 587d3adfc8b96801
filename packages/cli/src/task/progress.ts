/** What running tasks look like on stderr. */

import type { Task } from '@insula/contract/light'
import type { Context } from '../context.ts'

export interface Progress {
  show(task: Task): void
  done(task: Task): void
  /** Takes the line away, so that something else can be printed. */
  clear(): void
}

/** Of a terminal. */
export const CLEAR_LINE = '\r\u001B[K'

export function progressFor(context: Context, quiet: boolean): Progress {
  if (quiet) return { show: () => undefined, done: () => undefined, clear: () => undefined }
  return context.terminal.stderr ? drawn(context) : written(context)
}

/** The latest state of the task that moved last, and how many others there are. */
function drawn(context: Context): Progress {
  const running = new Set<number>()
  let shown = false
  const clear = () => {
    if (shown) context.draw(CLEAR_LINE)
    shown = false
  }
  return {
    show: (task) => {
      running.add(task.id)
      const others = running.size > 1 ? `, and ${running.size - 1} more` : ''
      context.draw(`${CLEAR_LINE}${line(task)}${others}`.slice(0, (process.stderr.columns || 80) + CLEAR_LINE.length - 1))
      shown = true
    },
    done: (task) => {
      running.delete(task.id)
      clear()
    },
    clear,
  }
}

/** One line for each step of each task. */
function written(context: Context): Progress {
  const last = new Map<number, string>()
  return {
    show: (task) => {
      const step = task.progress?.step ?? wordFor(task)
      if (last.get(task.id) === step) return
      last.set(task.id, step)
      context.note(line(task))
    },
    done: () => undefined,
    clear: () => undefined,
  }
}

export function line({ subject, state, progress }: Task): string {
  if (progress === null) return `${subject}: ${wordFor({ state })}`
  const { done, total } = progress
  // Of one VPS a step names what the subject is.
  const step = progress.step.startsWith(`${subject}: `) ? progress.step.slice(subject.length + 2) : progress.step
  if (total === null || total === 0) return `${subject}: ${step}`
  return `${subject}: ${step} (${Math.min(100, Math.floor((done / total) * 100))}%)`
}

/** Of a VPS "running" would say something else. */
const wordFor = ({ state }: Pick<Task, 'state'>): string => (state === 'running' ? 'working' : state)
