import { formatSize, type RelinkResult } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { selectionOf, selectionOptions } from '../selection.ts'
import { manyVps } from '../task/act-on-all.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const vzfsRelink = command({
  name: 'vzfs relink',
  summary: 'Share private files of VPSs that templates or other VPSs have too',
  details:
    'Nothing that is seen inside changes. A VPS has to be stopped for it; one that runs is marked, and relinked when it stops next (or starts, ' +
    'if the node is configured so). `insula set VPS --share` says with whom a VPS shares.',
  arguments: manyVps,
  options: { ...taskOptions, ...selectionOptions, ...output },
  examples: [
    { line: 'insula vzfs relink web db', about: 'two' },
    { line: 'insula vzfs relink --all', about: 'all that are stopped; the others are marked' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = selectionOf(args.vps, options)
    const task = await runTask(context, options, async (query) => client.vzfsRelink({ query, body }))
    if (task === null) return 0
    const { relinked, marked, failed } = task.result as RelinkResult
    if (options.json) context.print(JSON.stringify(task.result, null, 2))
    else {
      for (const { name, report } of relinked) {
        const { files, bytes, ownFiles, ownBytes, linkedBytes, hashedFiles, milliseconds } = report
        const won = files === 0 ? 'nothing new to share' : `${files} files, ${formatSize(bytes)} won`
        const own = ownFiles === 0 ? '' : `, ${ownFiles} files of its own again, ${formatSize(ownBytes)} given up`
        const more = `${formatSize(linkedBytes)} won before, ${hashedFiles} files read, ${(milliseconds / 1000).toFixed(1)} s`
        context.print(options.quiet ? name : `relinked ${name}: ${won}${own} (${more})`)
      }
      if (!options.quiet)
        for (const { name } of marked) context.print(`${name} runs: it is relinked when it stops or starts next`)
      for (const { name, message } of failed) context.note(`${name}: ${message}`)
    }
    return failed.length === 0 ? 0 : 1
  },
})
