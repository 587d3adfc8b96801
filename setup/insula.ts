/** The command `insula`, as the administrator would type it: its progress and its errors go to the terminal. */

import { join } from 'node:path'
import { startAttached } from '@insula/kernel'
import { type Setting, SetupFailed } from './work.ts'

/** @param accept exit codes that are no failure */
export async function insula(
  { home, instance }: Setting,
  words: readonly string[],
  accept: readonly number[] = [0],
): Promise<void> {
  const argv = [join(home, 'bin/insula'), ...words, '--instance', instance.name] as const
  const command = startAttached(argv, { descriptors: ['null', 1, 2] })
  // It has a session of its own, so Ctrl-C does not reach it by itself.
  const interrupt = (): void => void process.kill(command.pid, 'SIGINT')
  process.on('SIGINT', interrupt)
  const { code } = await command.ended
  process.off('SIGINT', interrupt)
  if (code === null || !accept.includes(code)) {
    throw new SetupFailed(`insula ${words.join(' ')} failed`, 'see above; then run ./up again, which goes on from here')
  }
}
