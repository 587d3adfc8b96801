import { type Volume, VOLUME_NAME_RULE, isVolumeName, parseSize } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const volumeAdd = command({
  name: 'vzfs volume add',
  summary: 'Add a volume to the node',
  details:
    'A directory on a file system of your own, XFS or ext4, which is mounted before Insula starts. With --size a file is made in the directory that holds an XFS; Insula mounts it by itself. Files are shared among the VPSs of a volume, not between volumes: a template is copied to a volume with the first VPS of it there.',
  arguments: { name: { about: VOLUME_NAME_RULE }, directory: { about: 'an absolute path' } },
  options: {
    size: { value: 'SIZE', about: 'make a file of this size there, which grows as it is used', parse: sizeOfFile },
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula vzfs volume add ssd /mnt/ssd/insula', about: 'a directory on XFS' },
    { line: 'insula vzfs volume add big /srv --size 200G', about: 'a file in /srv' },
  ],
  run: async (context, { args, options }) => {
    const { name, directory } = args
    if (!isVolumeName(name)) throw new UsageError(`'${name}' cannot be the name of a volume: ${VOLUME_NAME_RULE}`)
    if (!directory.startsWith('/')) throw new UsageError(`takes an absolute path, not '${directory}'`)
    const client = await context.client()
    const body = { name, directory, ...(options.size === undefined ? {} : { size: options.size }) }
    const task = await runTask(context, options, async (query) => client.volumeAdd({ query, body }))
    if (task === null) return
    const added = (await client.volumeList()).volumes.find((one) => one.name === name)
    if (options.json) return context.print(JSON.stringify(added, null, 2))
    context.print(options.quiet ? name : `added volume ${name}, ${added?.path ?? directory}${lyingOn(added)}`)
  },
})

/** So that a directory on the wrong disk, for one that was not mounted, is seen at once. */
const lyingOn = (volume: Volume | undefined): string =>
  volume?.fsType == null
    ? ''
    : ` (${volume.fsType} on ${volume.device}${volume.projectQuota ? '' : ', disk limits are not enforced'})`

function sizeOfFile(text: string): number {
  const bytes = parseSize(text)
  if (bytes === null) throw new UsageError(`takes a size such as 20G, not '${text}'`)
  return bytes
}
