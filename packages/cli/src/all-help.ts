/** The whole help text, every command: one golden file. */

import type { Command as Commander } from 'commander'
import { allCommands } from './catalog.ts'
import { exitCodesHelp } from './exit-codes.ts'
import { programFor } from './explain.ts'

export async function allHelp(): Promise<string> {
  const program = programFor(await allCommands(), () => undefined)
  const texts: string[] = []
  const add = (command: Commander, path: string) => {
    texts.push(`$ ${path} --help\n${helpOf(command)}`)
    for (const sub of command.commands) add(sub, `${path} ${sub.name()}`)
  }
  add(program, 'insula')
  texts.push(`$ insula help exit-codes\n${exitCodesHelp()}`)
  return texts.join('\n')
}

/** With what is shown after it, which helpInformation() leaves out. */
function helpOf(command: Commander): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100, getOutHasColors: () => false })
  command.outputHelp()
  return `${text.trimEnd()}\n`
}
