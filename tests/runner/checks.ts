/** The check tier: types, lint, format, dead code and unused dependencies. Each counts as one test. */

import { join } from 'node:path'
import { ProcessFailed, realProcessRunner } from '@insula/kernel'
import type { Report } from './outcome.ts'

const DEADLINE_MS = 300_000

/** Scripts below node_modules, run by our own Node: there may be no other. */
const CHECKS: readonly { readonly name: string; readonly argv: readonly [string, ...string[]] }[] = [
  { name: 'types', argv: ['typescript/bin/tsc', '--noEmit'] },
  { name: 'lint', argv: ['oxlint/bin/oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', argv: ['oxfmt/bin/oxfmt', '--check', '.'] },
  { name: 'dead code', argv: ['knip/bin/knip.js', '--no-progress'] },
]

export async function* runChecks(home: string): AsyncGenerator<Report> {
  const runner = realProcessRunner()
  for (const { name, argv } of CHECKS) {
    const began = performance.now()
    const [script, ...words] = argv
    const detail = await runner
      .run([process.execPath, join(home, 'node_modules', script), ...words], { cwd: home, accept: ANY, deadline: DEADLINE_MS })
      .then(({ code, stdout, stderr }) => (code === 0 ? '' : `${stdout}\n${stderr}`.trim() || `ended with ${code}`))
      .catch((error: unknown) => (error instanceof ProcessFailed ? `${error.message}\n${error.stderr}` : String(error)))
    const result = detail === '' ? 'passed' : 'failed'
    yield { subject: name, seconds: (performance.now() - began) / 1000, outcomes: [{ name, result, detail }] }
  }
}

const ANY = Array.from({ length: 256 }, (_, code) => code)
