/** The scripts of an OS template, phase by phase, while it is built. */

import { chmod, chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OsDefinition } from '@insula/contract'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import type { TemplateSource } from '../template.ts'
import { confinedArgv, NOBODY, ROOT, SCRATCH } from './confined.ts'

type Script = OsDefinition['scripts'][number]
export type OsPhase = 'pre-cache' | 'pre-install' | 'post-install' | 'post-cache'

export interface ScriptsNeed {
  readonly runner: ProcessRunner
  /** A directory of the build's own. */
  readonly work: string
  readonly signal: AbortSignal | undefined
  /** Each line that a script writes, and what runs. */
  readonly log: (line: string) => void
}

/** A script that says more is not listened to any longer. */
const MOST_LINES = 2_000
const MOST_LINE = 500

export interface OsScripts {
  /** @throws TemplateFailed */
  run(phase: OsPhase, tree: string | null): Promise<void>
  /** Whether there is one of the phase. */
  has(phase: OsPhase): boolean
}

export function osScripts(source: TemplateSource, architecture: string, need: ScriptsNeed): OsScripts {
  const { scripts, release } = source.definition
  return {
    has: (phase) => scripts.some((script) => script.phase === phase),
    async run(phase, tree) {
      for (const script of scripts.filter((one) => one.phase === phase)) {
        const env = {
          INSULA_PHASE: phase,
          INSULA_TEMPLATE: source.name,
          INSULA_RELEASE: release,
          INSULA_ARCHITECTURE: architecture,
          INSULA_SCRATCH: SCRATCH,
          ...(tree === null ? {} : { INSULA_ROOT: script.where === 'host' ? ROOT : '/' }),
        }
        await runScript(script, source, tree, env, need)
      }
    },
  }
}

async function runScript(
  script: Script,
  { name, contents }: TemplateSource,
  tree: string | null,
  env: Readonly<Record<string, string>>,
  { runner, work, signal, log }: ScriptsNeed,
): Promise<void> {
  const { phase, where, run, seconds, network } = script
  const [file, scratch] = [join(work, 'script'), join(work, 'scratch')]
  const bytes = contents[run]
  if (bytes === undefined) throw new Error(`the script ${run} of template ${name} was not read`)
  await writeFile(file, bytes)
  await chmod(file, 0o755)
  await mkdir(scratch, { recursive: true })
  await chown(scratch, NOBODY, NOBODY)
  log(`${phase}: ${run} runs ${where === 'host' ? 'on the host' : 'in the system'}`)
  let lines = 0
  try {
    await runner.run(confinedArgv({ where, script: file, scratch, tree, network }), {
      deadline: seconds * 1_000,
      env,
      onLine: (line) => {
        lines += 1
        if (lines <= MOST_LINES) log(`${phase}: ${line.slice(0, MOST_LINE)}`)
        else if (lines === MOST_LINES + 1) log(`${phase}: ${run} has written ${MOST_LINES} lines; the others are left out`)
      },
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof ProcessFailed ? explain(error, name, script) : error
  }
}

function explain(error: ProcessFailed, template: string, { run, phase, seconds }: Script): TemplateFailed {
  const failed = (reason: TemplateFailed['reason'], why: string, remedy: string): TemplateFailed =>
    new TemplateFailed(reason, `template ${template} could not be built: ${why}`, remedy, { cause: error })
  if (error.message.startsWith('bwrap was not found'))
    return failed(
      'tool_missing',
      'bubblewrap, in which its scripts are confined, is not installed',
      'install it with: apt-get install bubblewrap',
    )
  const script = `its script ${run} (${phase})`
  const remedy = `mend the script; what it wrote is in the task's log`
  if (/did not end within/.test(error.message))
    return failed(
      'failed',
      `${script} did not end within ${seconds} s and was killed with all that it had started`,
      `${remedy}. It may be given more seconds`,
    )
  const said = error.stderr.trim().split('\n').at(-1) ?? ''
  const how = error.signal === null ? `ended with ${error.code}` : `was killed by ${error.signal}`
  return failed('failed', `${script} ${how}${said === '' ? '' : `: ${said.slice(0, MOST_LINE)}`}`, remedy)
}
