import { formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { printFields } from '../output/print-fields.ts'
import { namesOfUsers } from '../users.ts'
import { moment } from '../output/time.ts'

export const templateShow = command({
  name: 'template show',
  summary: 'Show one version of an OS template',
  arguments: { template: { about: 'name (its latest version) or name@version', complete: 'template' } },
  options: { sbom: { about: 'print its bill of materials (CycloneDX 1.5, JSON)' }, ...output },
  examples: [
    { line: 'insula template show debian-12', about: 'its latest version' },
    { line: 'insula template show debian-12 --sbom > debian-12.cdx.json', about: 'for tools that look for known faults' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const params = { template: args.template }
    if (options.sbom) return context.print(JSON.stringify(await client.templateSbom({ params }), null, 2))
    const { template } = await client.templateShow({ params })
    if (options.json) return context.print(JSON.stringify(template, null, 2))
    if (options.quiet) return context.print(template.ref)
    const users = (await namesOfUsers(context, [template]))(template)
    printFields(context, [
      ['ref', template.ref],
      ['latest', template.latest ? 'yes' : 'no'],
      ['system', `${template.distribution} ${template.release} ${template.architecture}`],
      ['init', template.init],
      ['contents', `${template.packages} packages, ${template.files} files, ${formatSize(template.bytes)}`],
      ['built', moment(template.builtAt)],
      ['definition', template.definition],
      ['used by', users.length === 0 ? 'no VPS' : users.join(', ')],
    ])
  },
})
