/** What a terminal shows while one answer takes long: that it is being worked on, and for how long. */

import type { Context } from '../context.ts'
import { CLEAR_LINE } from '../task/progress.ts'

/** Who waits for less does not wonder. */
const PATIENCE_MS = 700

/** @param what "counting files" */
export async function meanwhile<T>(
  context: Pick<Context, 'terminal' | 'draw'>,
  what: string,
  answer: Promise<T>,
  patience = PATIENCE_MS,
): Promise<T> {
  if (!context.terminal.stderr) return answer
  const began = performance.now()
  let shown = false
  const show = (): void => {
    context.draw(`${CLEAR_LINE}${what}: ${Math.round((performance.now() - began) / 1000)} s`)
    shown = true
  }
  const timer = setInterval(show, patience)
  try {
    return await answer
  } finally {
    clearInterval(timer)
    if (shown) context.draw(CLEAR_LINE)
  }
}
