import { type QuotaChange, formatSize } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import { pair, size, unlimitedOr } from '../settings-options.ts'
import { wholeNumber } from '../values.ts'

const LAST_ID = 65_535
const MOST_INODES = 2 ** 48
const id = wholeNumber(0, LAST_ID)

export const quotaSet = command({
  name: 'quota set',
  summary: 'Limit what a user or a group inside a VPS may have',
  details:
    'At once, whether the VPS runs or not. How many users and groups may have limits is said by `insula set VPS --quota-ugid`.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    user: { short: 'u', value: 'ID', about: "the user's number inside", parse: id },
    group: { short: 'g', value: 'ID', about: "the group's number inside", parse: id },
    disk: { value: '[SOFT:]SIZE', about: 'disk space: 1G, 900M:1G, or unlimited', parse: pair(size) },
    inodes: {
      value: '[SOFT:]COUNT',
      about: 'files and directories, or unlimited',
      parse: pair(unlimitedOr(wholeNumber(1, MOST_INODES))),
    },
    ...output,
  },
  examples: [
    { line: 'insula quota set web --user 1000 --disk 900M:1G', about: 'more than 900M only for the grace time' },
    { line: 'insula quota set web --group 33 --inodes 10000', about: 'a group' },
    { line: 'insula quota set web --user 1000 --disk unlimited', about: 'take it away' },
  ],
  run: async (context, { args, options }) => {
    const { user, group, disk, inodes } = options
    if ((user === undefined) === (group === undefined)) throw new UsageError('needs either --user or --group')
    if (disk === undefined && inodes === undefined) throw new UsageError('needs --disk or --inodes')
    const body: QuotaChange = {
      ...(user === undefined ? { kind: 'group', id: group ?? 0 } : { kind: 'user', id: user }),
      ...(disk === undefined ? {} : { bytesSoft: disk.soft, bytesHard: disk.hard }),
      ...(inodes === undefined ? {} : { inodesSoft: inodes.soft, inodesHard: inodes.hard }),
    }
    const { entry } = await (await context.client()).quotaSet({ params: { vps: args.vps }, body })
    if (options.json) return context.print(JSON.stringify(entry, null, 2))
    const name = `${entry.kind} ${entry.id}`
    if (options.quiet) return context.print(name)
    const shown = [entry.bytesHard === null ? 'no limit' : formatSize(entry.bytesHard), `${entry.inodesHard ?? 'any'} inodes`]
    context.print(`${name} of ${args.vps}: at most ${shown.join(', ')}`)
  },
})
