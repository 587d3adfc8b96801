import type { Finding } from '@insula/contract/light'
import { localSocketPath } from '@insula/contract/paths'
import { command, output } from '../command.ts'
import type { Context } from '../context.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import { runTask } from '../task/run-task.ts'

export const doctor = command({
  name: 'doctor',
  summary: 'Look for what is wrong with the node, and put it right',
  details:
    'The exit code is 1 when something is wrong that has not been put right. Without a daemon that answers, it looks for why there is none.',
  arguments: {},
  options: {
    repair: { about: 'put right what can be, then look again' },
    verbose: { short: 'v', about: 'also show what is well' },
    ...columnsOption,
    ...output,
  },
  examples: [
    { line: 'insula doctor', about: 'what is wrong' },
    { line: 'insula doctor --repair', about: 'put it right' },
  ],
  run: async (context, { options }) => {
    if (answeredColumnsHelp(context, LISTING, options)) return 0
    const findings = await ask(context, options).catch((error: unknown) => withoutDaemon(context, error))
    const wrong = findings.filter(({ severity }) => severity !== 'ok')
    if (options.json || options.quiet || options.columns !== undefined)
      printRows(context, LISTING, options.json || options.verbose ? findings : wrong, options)
    else printFindings(context, options.verbose ? findings : wrong, findings.length)
    return wrong.some(({ severity }) => severity === 'error') ? 1 : 0
  },
})

async function ask(
  context: Context,
  options: { readonly repair: boolean; readonly json: boolean; readonly quiet: boolean },
): Promise<readonly Finding[]> {
  const client = await context.client()
  if (options.repair) await runTask(context, { ...options, wait: true }, async (query) => client.doctorRepair({ query }))
  return (await client.doctor()).findings
}

/** @throws the error as it is, when it is another one, or the socket is not the instance's own */
async function withoutDaemon({ instance, socketPath }: Context, error: unknown): Promise<readonly Finding[]> {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  // What insulad itself answers has no cause here.
  if (code !== 'unavailable' || cause === undefined || socketPath !== localSocketPath(instance)) throw error
  const { examineAbsent } = await import('../absent/examine.ts')
  const { installationOf } = await import('../absent/installation.ts')
  return examineAbsent(installationOf(instance))
}

const LISTING = {
  all: [
    { name: 'severity', about: 'ok, warning or error', value: ({ severity }: Finding) => severity },
    { name: 'subject', about: 'what it is about', value: ({ subject }: Finding) => subject },
    { name: 'message', about: 'what was found', shrinks: true as const, value: ({ message }: Finding) => message },
    { name: 'remedy', about: 'what to do', shrinks: true as const, value: ({ remedy }: Finding) => remedy ?? '-' },
    { name: 'repairable', about: 'whether --repair does it', value: ({ repairable }: Finding) => (repairable ? 'yes' : 'no') },
  ],
  standard: ['severity', 'subject', 'message', 'remedy'],
  id: ({ subject }: Finding) => subject,
  none: 'nothing is wrong',
}

function printFindings(context: Context, findings: readonly Finding[], looked: number): void {
  for (const { severity, subject, message, remedy, repairable } of findings) {
    context.print(`${severity.padEnd(7)}  ${subject}: ${message}`)
    if (remedy !== null) context.print(`         ${repairable ? 'repairable: ' : ''}${remedy}`)
  }
  if (findings.length === 0) context.print(`nothing is wrong (${looked} checks)`)
}
