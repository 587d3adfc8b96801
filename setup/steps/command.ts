/** The command `insula` for everybody on the machine, and its completion in the shells that are there. */

import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { placeFile } from '../files.ts'
import { type Setting, SetupFailed, type Work } from '../work.ts'

export const COMMAND = '/usr/local/bin/insula'

/** Where each shell looks by itself, if `present` is there. */
export const COMPLETIONS = [
  { shell: 'bash', present: '/bin/bash', file: '/usr/local/share/bash-completion/completions/insula' },
  { shell: 'zsh', present: '/usr/share/zsh', file: '/usr/local/share/zsh/site-functions/_insula' },
  { shell: 'fish', present: '/usr/share/fish', file: '/usr/local/share/fish/vendor_completions.d/insula.fish' },
] as const

export async function planCommand(setting: Setting): Promise<Work[]> {
  const program = join(setting.home, 'bin/insula')
  const completions = await Promise.all(
    COMPLETIONS.filter(({ present }) => existsSync(present)).map(async ({ shell, file }) => {
      const { stdout } = await setting.machine.runner.run([program, 'completion', shell])
      return placeFile(file, stdout)
    }),
  )
  return [...planLink(program), ...completions.flat()]
}

function planLink(program: string): Work[] {
  const found = lstatSync(COMMAND, { throwIfNoEntry: false })
  if (found && !found.isSymbolicLink()) {
    throw new SetupFailed(`${COMMAND} is there already and is not ours`, `move it away: mv ${COMMAND} ${COMMAND}.old`)
  }
  if (found && readlinkSync(COMMAND) === program) return []
  const link = async (): Promise<void> => {
    mkdirSync(dirname(COMMAND), { recursive: true })
    rmSync(COMMAND, { force: true })
    symlinkSync(program, COMMAND)
  }
  const instead = found ? `, and no more to ${readlinkSync(COMMAND)}` : ''
  return [{ what: `link ${COMMAND} to ${program}${instead}`, run: link }]
}
