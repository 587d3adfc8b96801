/** What the console of a VPS showed before it ended, kept until it starts again or is destroyed. On a file system in memory, so not over a boot of the node. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Means } from '../means.ts'

const fileOf = ({ instance }: Pick<Means, 'instance'>, id: number): string => join(instance.run, 'last-words', `${id}.log`)

/** To be called while the keeper still has its console. Where it has none, what was kept stays. */
export async function keepLastWords(means: Pick<Means, 'instance' | 'keeper'>, id: number): Promise<void> {
  const words = await means.keeper.consoleLog(`${id}`).catch(() => null)
  if (words === null) return
  const file = fileOf(means, id)
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(file, words, { mode: 0o600 })
}

/** Null when nothing was kept. */
export function lastWords(means: Pick<Means, 'instance'>, id: number): string | null {
  try {
    return readFileSync(fileOf(means, id), 'utf8')
  } catch {
    return null
  }
}

export function forgetLastWords(means: Pick<Means, 'instance'>, id: number): void {
  rmSync(fileOf(means, id), { force: true })
}
