import { type Template, type TemplateDefinition, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'
import { namesOfUsers } from '../users.ts'
import { moment } from '../output/time.ts'

const columnsOf = (users: (template: Template) => readonly string[]): readonly Column<Template>[] => [
  { name: 'name', about: 'name', value: ({ name }) => name },
  { name: 'version', about: 'version', value: ({ version }) => version },
  { name: 'latest', about: 'whether its name means this version', value: ({ latest }) => (latest ? 'yes' : 'no') },
  { name: 'init', about: 'its init', value: ({ init }) => init },
  { name: 'files', about: 'files in it', right: true, value: ({ files }) => String(files) },
  { name: 'size', about: 'bytes in it', right: true, value: ({ bytes }) => formatSize(bytes) },
  { name: 'built', about: 'when it was built', value: ({ builtAt }) => moment(builtAt) },
  { name: 'used', about: 'how many VPSs use it', right: true, value: ({ usedBy }) => String(usedBy.length) },
  { name: 'users', about: 'the VPSs that use it', value: (template) => users(template).join(',') || '-' },
  { name: 'packages', about: 'packages in it', right: true, value: ({ packages }) => String(packages) },
  { name: 'family', about: 'what application templates ask for', value: ({ family }) => family },
  { name: 'ref', about: 'name and version', value: ({ ref }) => ref },
  { name: 'distribution', about: 'distribution', value: ({ distribution }) => distribution },
  { name: 'release', about: 'release', value: ({ release }) => release },
  { name: 'architecture', about: 'architecture', value: ({ architecture }) => architecture },
]

export const templateList = command({
  name: 'template list',
  summary: 'List OS templates',
  arguments: {},
  options: { available: { about: 'what can be built, instead of what is built' }, ...columnsOption, ...output },
  examples: [
    { line: 'insula template list', about: 'what VPSs can be created from' },
    { line: 'insula template list --available', about: 'what `insula template build` knows' },
  ],
  run: async (context, { options }) => {
    const client = await context.client()
    if (options.available) {
      const { definitions } = await client.templateDefinitions()
      printRows(context, DEFINITIONS, definitions, options)
      return
    }
    const listing = (users: Parameters<typeof columnsOf>[0]) => ({
      all: columnsOf(users),
      standard: ['name', 'version', 'latest', 'init', 'files', 'size', 'built', 'used'],
      id: ({ ref }: Template) => ref,
      none: 'no template has been built; `insula template build debian-12` builds one',
    })
    if (
      answeredColumnsHelp(
        context,
        listing(() => []),
        options,
      )
    )
      return
    const { templates } = await client.templateList()
    const named = options.columns?.split(',').includes('users') === true
    printRows(context, listing(named ? await namesOfUsers(context, templates) : () => []), templates, options)
  },
})

const DEFINITIONS = {
  all: [
    { name: 'name', about: 'name', value: ({ name }: TemplateDefinition) => name },
    {
      name: 'built',
      about: 'whether there is a version of it',
      value: ({ built }: TemplateDefinition) => (built ? 'yes' : 'no'),
    },
    { name: 'kind', about: 'os or app', value: ({ kind }: TemplateDefinition) => kind ?? 'not valid' },
    {
      name: 'origin',
      about: "shipped, or the provider's own",
      value: ({ origin, overrides }: TemplateDefinition) =>
        origin === 'shipped' ? 'shipped' : overrides ? 'own, for shipped' : 'own',
    },
    {
      name: 'description',
      about: 'what it is',
      shrinks: true as const,
      value: ({ description }: TemplateDefinition) => description,
    },
  ],
  standard: ['name', 'built', 'kind', 'origin', 'description'],
  id: ({ name }: TemplateDefinition) => name,
  none: 'there is no definition',
}
