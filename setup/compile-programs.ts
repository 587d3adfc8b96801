/** Compiles what runs for long before it starts; see compile-ahead.ts. Quick when it has been done. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { COMPILE_CACHE, NODE } from '@insula/node'

/** The second: what insulad loads only when it runs. */
const PROGRAMS = ['insula{d,-keeper,-listener,-supervisor}.ts', '{compose,log}.ts'].map((files) => `packages/node/src/${files}`)
const DEADLINE_MS = 120_000

/** @param home root of the checkout */
export async function compilePrograms(runner: ProcessRunner, home: string): Promise<void> {
  mkdirSync(COMPILE_CACHE.NODE_COMPILE_CACHE, { recursive: true, mode: 0o700 })
  // With the same options: they are part of what is cached.
  await runner.run([...NODE, join(home, 'setup/compile-ahead.ts'), home, ...PROGRAMS], {
    env: COMPILE_CACHE,
    deadline: DEADLINE_MS,
  })
}
