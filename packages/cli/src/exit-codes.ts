/** What the CLI's exit codes mean: the contract's table, and what only a command line has. */

import { exitCodes } from '@insula/contract/light'
import { BROKEN_PIPE_EXIT, OUTPUT_FAILED_EXIT } from './own-output.ts'

export interface ExitCode {
  readonly exit: string
  readonly meaning: string
}

export function exitCodeTable(): readonly ExitCode[] {
  const fromErrors = exitCodes().map(({ exit, codes, meaning }) => ({
    exit: String(exit),
    meaning: `${meaning} (${codes.join(', ')})`,
  }))
  return [
    { exit: '0', meaning: 'done; of `exec` and `enter`: the command inside ended with 0' },
    {
      exit: '1',
      meaning:
        '`doctor` found an error; `recover` could not recover every VPS; `vzfs check` left damage; an app could not be added, upgraded or removed in one of the VPSs; `template lint` found a mistake; `update status`: updates wait',
    },
    ...fromErrors,
    { exit: String(OUTPUT_FAILED_EXIT), meaning: 'the output could not be written' },
    { exit: '126', meaning: 'of `exec`: the command inside cannot be run, or the working directory not be entered' },
    { exit: '127', meaning: 'of `exec`: there is no such command inside' },
    { exit: '128+N', meaning: 'ended by signal N; of `exec` and `enter`: the command inside was (130: SIGINT, 143: SIGTERM)' },
    { exit: String(BROKEN_PIPE_EXIT), meaning: 'whoever read the output went away' },
  ]
}

const AFTERWORD = `\`exec\` and \`enter\` pass on the exit code of the command inside, whatever it is; what else goes wrong with them is said on stderr, in a
line that begins with "insula". Of several VPSs named at once, the first that failed decides. With --json, a failure is also JSON, on stderr.`

export function exitCodesHelp(): string {
  const rows = exitCodeTable().map(({ exit, meaning }) => `  ${exit.padEnd(6)} ${meaning}`)
  return `Exit codes of insula:\n\n${rows.join('\n')}\n\n${AFTERWORD}\n`
}

/** docs/exit-codes.md, whole. */
export function exitCodesDocument(): string {
  const rows = exitCodeTable().map(({ exit, meaning }) => `| ${exit} | ${meaning} |`)
  return `# Exit codes of \`insula\`\n\n| code | meaning |\n| --- | --- |\n${rows.join('\n')}\n\n${AFTERWORD}\n`
}
