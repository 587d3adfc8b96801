import type { AppResult } from '@insula/contract/light'
import { manyOf, manyOptions, tellNone } from '../app-options.ts'
import { command } from '../command.ts'
import { runTask } from '../task/run-task.ts'

export const updateApply = command({
  name: 'update apply',
  summary: 'Update VPSs to the latest version of their OS template',
  details:
    'By the package manager inside, from packages that this node has fetched and verified; a stopped VPS moves to the new version where its own files allow it. ' +
    'Nothing is removed, later versions of packages and changed configuration stay. VPSs that are pinned are left out unless they are named. Cut off, the same command goes on.',
  arguments: { vps: { about: 'VPSs by name or id', many: true, optional: true, complete: 'vps' } },
  options: manyOptions,
  examples: [
    { line: 'insula update apply web', about: 'one, also if it is pinned' },
    { line: 'insula update apply --template debian-12 --canary 2 --stop-after 3', about: 'all that follow, two of them first' },
    { line: 'insula update apply --all --dry-run', about: 'what would be done' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = manyOf(args.vps, options)
    const task = await runTask(context, options, async (query) => client.updateApply({ query, body }))
    if (task === null) return 0
    const { vps } = task.result as AppResult
    if (options.json) context.print(JSON.stringify({ vps }, null, 2))
    else
      for (const { name, outcome, message } of vps) {
        if (outcome === 'failed') context.note(`${name}: ${message ?? 'failed'}`)
        else if (outcome === 'untried') context.note(`${name}: not tried: ${message ?? ''}`)
        else if (options.quiet) context.print(name)
        else context.print(`${name}: ${WORDS[outcome]}${message ?? ''}`)
      }
    tellNone(context, vps, options.json)
    return vps.some(({ outcome }) => outcome === 'failed' || outcome === 'untried') ? 1 : 0
  },
})

const WORDS = { done: 'updated: ', planned: 'would be updated: ', unchanged: 'nothing to do: ' } as const
