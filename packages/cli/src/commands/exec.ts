import { command } from '../command.ts'
import { openFor, runInVps, runOptions } from '../session/run-in-vps.ts'

export const exec = command({
  name: 'exec',
  summary: 'Run a command inside a running VPS',
  details:
    "Input, output and errors are passed on byte for byte. The exit code is the command's own: 127 if it does not exist, 126 if it cannot be run, " +
    '128 and the number of the signal that ended it. It gets a terminal when stdin and stdout are one. Everything after the name of the VPS, ' +
    'from the first word that is not an option, belongs to the command.',
  arguments: {
    vps: { about: 'name or id', complete: 'vps' },
    command: { about: 'the command and its arguments', rest: true },
  },
  options: {
    ...runOptions,
    tty: { short: 't', shortOff: 'T', negatable: true, about: 'on a terminal of its own' },
  },
  examples: [
    { line: 'insula exec web systemctl status apache2', about: 'one command' },
    { line: 'insula exec web -u www-data -w /var/www -- ls -la', about: 'as another user, in another directory' },
    { line: 'insula exec web tar -C /etc -c . | tar -tv', about: 'binary output, through a pipe' },
    { line: 'insula exec web sh -c "cat > /root/key.pub" < key.pub', about: 'a file as input' },
  ],
  run: async (context, { args, options }) =>
    runInVps(context, { vps: args.vps, tty: options.tty, open: openFor(args.command, options) }),
})
