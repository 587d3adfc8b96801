import { resolve } from 'node:path'
import { command, output } from '../command.ts'

export const templateLint = command({
  name: 'template lint',
  summary: 'Check a definition of a template',
  details: 'Ends with 1 when something is wrong.',
  arguments: { definition: { about: 'name, or a directory of the node (with a / in it)', complete: 'definition' } },
  options: output,
  examples: [
    { line: 'insula template lint debian-web', about: 'one that `insula template list --available` shows' },
    { line: 'insula template lint ./debian-web', about: 'a directory' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const wish = args.definition
    const body = wish.includes('/') || wish === '.' ? { directory: resolve(wish) } : { name: wish }
    const found = await client.definitionLint({ body })
    const code = found.faults.length === 0 ? 0 : 1
    if (options.json) {
      context.print(JSON.stringify(found, null, 2))
      return code
    }
    for (const { file, line, key, message, remedy } of found.faults) {
      context.print(`${line === null ? file : `${file}:${line}`}: ${key === '' ? '' : `${key}: `}${message}`)
      if (!options.quiet) context.print(`  ${remedy}`)
    }
    if (code === 0 && !options.quiet) context.print(`${found.directory} is in order`)
    return code
  },
})
