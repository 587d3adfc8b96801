/** What the last check of the volume found, kept over restarts so that the doctor can tell. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { VzfsCheckResult } from '@insula/contract'
import { z } from 'zod'

const CheckMemory = VzfsCheckResult.extend({ at: z.string() })
export type CheckMemory = z.infer<typeof CheckMemory>

export interface LastCheck {
  /** null: there was none, or nobody remembers. */
  get(): CheckMemory | null
  set(found: CheckMemory): void
}

export function openLastCheck(path: string): LastCheck {
  let last = read(path)
  return {
    get: () => last,
    set(found) {
      last = found
      writeFileSync(`${path}.new`, JSON.stringify(found), { mode: 0o600, flush: true })
      renameSync(`${path}.new`, path)
    },
  }
}

function read(path: string): CheckMemory | null {
  try {
    return CheckMemory.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data ?? null
  } catch {
    return null
  }
}
