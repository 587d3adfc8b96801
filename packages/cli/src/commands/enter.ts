import { command } from '../command.ts'
import { openFor, runInVps, runOptions } from '../session/run-in-vps.ts'

/** The best shell that is there, as a login shell, in the user's home directory. */
const LOGIN = 'cd 2>/dev/null; [ -x /bin/bash ] && exec /bin/bash -l; exec /bin/sh -l'

export const enter = command({
  name: 'enter',
  summary: 'Open a login shell inside a running VPS',
  details: 'With input from a pipe or a file the shell reads its commands from there.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: runOptions,
  examples: [
    { line: 'insula enter web', about: 'a root shell' },
    { line: 'insula enter web -u www-data', about: 'as another user' },
    { line: 'insula enter web < setup.sh', about: 'run a script inside' },
  ],
  run: async (context, { args, options }) => {
    const argv =
      options.workdir === undefined ? ['/bin/sh', '-c', LOGIN] : ['/bin/sh', '-c', LOGIN.replace('cd 2>/dev/null; ', '')]
    return runInVps(context, { vps: args.vps, tty: undefined, open: openFor(argv, options) })
  },
})
