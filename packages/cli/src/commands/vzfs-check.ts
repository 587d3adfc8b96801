import type { Task, VzfsCheckResult } from '@insula/contract/light'
import { formatSize } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import type { Context } from '../context.ts'
import { sizeFrom } from '../settings-options.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

/** As of `doctor`: it did its work, and not all is well. */
const DAMAGED_EXIT = 1

export const vzfsCheck = command({
  name: 'vzfs check',
  summary: 'Look for damage on the volume, and put it right',
  details:
    'A deep check reads all contents of the pool from the disk, while others go first, and moves damaged ones aside: files that show them cannot be ' +
    'opened then, until a repair brings the bytes back. The exit code is 1 when damage is left.',
  arguments: {},
  options: {
    deep: { about: 'also read all contents' },
    repair: { about: 'put right what can be' },
    rate: { value: 'SIZE', about: 'read at most so much per second (with --deep)', parse: rate },
    from: {
      value: 'DIR',
      many: true,
      about: 'directory on the node that may hold bytes that are missing (with --repair)',
      parse: absolute,
    },
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula vzfs check', about: 'names, owners, stubs; seconds' },
    { line: 'insula vzfs check --deep --rate 50M', about: 'all contents too, gently' },
    { line: 'insula vzfs check --deep --repair', about: 'and put it right' },
  ],
  run: async (context, { options }) => {
    const client = await context.client()
    const body = {
      deep: options.deep,
      repair: options.repair,
      ...(options.rate === undefined ? {} : { rate: options.rate }),
      ...(options.from.length === 0 ? {} : { from: [...options.from] }),
    }
    const task = await runTask(context, options, async (query) => client.vzfsCheck({ query, body }))
    if (task === null) return 0
    const result = resultOf(task)
    if (options.json) context.print(JSON.stringify(result, null, 2))
    else tell(context, result, options.quiet)
    return result.damaged > 0 ? DAMAGED_EXIT : 0
  },
})

function tell(
  context: Context,
  { damages, damaged, repaired, hit, orphans, looked, deep }: VzfsCheckResult,
  quiet: boolean,
): void {
  if (quiet) return damages.forEach(({ path }) => context.print(path))
  for (const { path, problem } of repaired) context.print(`repaired  ${path}: ${problem}`)
  for (const { path, problem } of damages) context.print(`damaged   ${path}: ${problem}`)
  if (damaged > damages.length) context.print(`          and ${damaged - damages.length} more`)
  for (const { name, running } of hit)
    context.print(`          ${name}${running ? ', which runs,' : ''} cannot open files that show missing contents`)
  const { layers, areas, contents, bytes } = looked
  context.print(
    `looked at ${layers} layers, ${areas} private areas, ${contents} contents${deep ? `, and read ${formatSize(bytes)}` : ''}`,
  )
  if (orphans.files > 0)
    context.print(`${orphans.files} contents (${formatSize(orphans.bytes)}) are named by nothing: insula vzfs gc`)
  context.print(damaged === 0 ? 'nothing is wrong' : `${damaged} damaged`)
}

function resultOf({ result }: Task): VzfsCheckResult {
  return result as VzfsCheckResult
}

function absolute(text: string): string {
  if (text.startsWith('/')) return text
  throw new UsageError(`takes an absolute path on the node, not '${text}'`)
}

function rate(text: string): number {
  const bytes = sizeFrom(1024 ** 2)(text)
  if (bytes !== null) return bytes
  throw new UsageError(`takes a size such as 50M, not '${text}'`)
}
