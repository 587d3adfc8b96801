import { formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { printFields } from '../output/print-fields.ts'
import { moment } from '../output/time.ts'

export const templateShow = command({
  name: 'template show',
  summary: 'Show one version of an OS template',
  arguments: { template: { about: 'name (its latest version) or name@version', complete: 'template' } },
  options: output,
  examples: [{ line: 'insula template show debian-12', about: 'its latest version' }],
  run: async (context, { args, options }) => {
    const { template } = await (await context.client()).templateShow({ params: { template: args.template } })
    if (options.json) return context.print(JSON.stringify(template, null, 2))
    if (options.quiet) return context.print(template.ref)
    printFields(context, [
      ['ref', template.ref],
      ['latest', template.latest ? 'yes' : 'no'],
      ['system', `${template.distribution} ${template.release} ${template.architecture}`],
      ['init', template.init],
      ['contents', `${template.files} files, ${formatSize(template.bytes)}`],
      ['built', moment(template.builtAt)],
      ['definition', template.definition],
      ['used by', template.usedBy.length === 0 ? 'no VPS' : `VPS ${template.usedBy.join(', ')}`],
    ])
  },
})
