/** Starts a task and waits for it as long as the request says. */

import type { TaskAnswer } from '@insula/contract'
import type { TaskContext, TaskSpec } from '../tasks/engine.ts'

export type RunTask = (
  spec: TaskSpec,
  query: { readonly wait?: number | undefined } | undefined,
  body: (context: TaskContext) => Promise<unknown>,
) => Promise<TaskAnswer>
