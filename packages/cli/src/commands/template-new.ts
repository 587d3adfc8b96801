import { UsageError, command, output } from '../command.ts'

export const templateNew = command({
  name: 'template new',
  summary: 'Begin a definition of a template of your own',
  arguments: { name: { about: 'its name: lower-case letters, digits, . and -' } },
  options: {
    from: { value: 'NAME', about: 'another definition, of which it states the differences', complete: 'definition' },
    kind: { value: 'KIND', about: 'os (default) or app', parse: kind, complete: ['os', 'app'] },
    ...output,
  },
  examples: [
    { line: 'insula template new debian-web --from debian-13', about: 'what differs from debian-13' },
    { line: 'insula template new shop --kind app', about: 'an application template' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const { from, kind } = options
    const body = { name: args.name, ...(from === undefined ? {} : { from }), ...(kind === undefined ? {} : { kind }) }
    const made = await client.definitionNew({ body })
    if (options.json) return context.print(JSON.stringify(made, null, 2))
    if (options.quiet) return context.print(made.directory)
    for (const file of made.files) context.print(`${made.directory}/${file}`)
    context.print(`edit it, then: insula template lint ${args.name}`)
  },
})

function kind(text: string): 'os' | 'app' {
  if (text === 'os' || text === 'app') return text
  throw new UsageError(`takes os or app, not '${text}'`)
}
