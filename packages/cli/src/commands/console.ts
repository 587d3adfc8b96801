import { command } from '../command.ts'
import { DEFAULT_DETACH_KEYS, detachKeys, detachWatcher } from '../session/detach.ts'
import { type ConsoleView, viewConsole } from '../session/console-session.ts'
import { reconnect } from '../session/reconnect.ts'
import { seen } from '../session/seen.ts'
import { rawTerminal, terminalSize } from '../session/terminal.ts'

export const console = command({
  name: 'console',
  summary: 'Attach to the console of a running VPS',
  details: 'Shows what was on it before, then what happens. Comes back by itself when insulad is restarted.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    'detach-keys': {
      value: 'KEYS',
      about: `keys that detach, joined by commas (default: ${DEFAULT_DETACH_KEYS})`,
      parse: keyNames,
    },
  },
  examples: [
    { line: 'insula console web', about: 'detach with Ctrl-] and then .' },
    { line: 'insula console web --detach-keys ctrl-p,ctrl-q', about: 'with other keys' },
  ],
  run: async (context, { args, options }) => {
    const names = options['detach-keys'] ?? DEFAULT_DETACH_KEYS
    const watcher = detachWatcher(detachKeys(names))
    const client = await context.client()
    const shown = seen()
    const { stdin } = process
    const stdout = context.stdout()
    const size = stdin.isTTY ? () => terminalSize(stdout) : () => null
    let socket = await client.console(args.vps)
    const opened = Promise.withResolvers<void>()
    let view: ConsoleView = viewConsole(socket, size(), stdout, shown.through, () => {
      // On a terminal that is raw by then.
      context.note(`Attached to the console of ${args.vps}. To detach: ${spoken(names)}${stdin.isTTY ? '\r' : ''}`)
      // After what came with it was written.
      setImmediate(opened.resolve)
    })
    using _ = rawTerminal(stdin, stdout, (next) => view.resize(next))
    stdin.on('data', (bytes: Buffer) => {
      const { pass, detached } = watcher.feed(bytes)
      if (pass.length > 0 && !view.send(pass)) stdin.pause()
      if (detached) view.detach()
    })
    // Whoever has no more keys to give detaches, once what was on the console has come; a terminal never ends.
    stdin.on('end', () => void opened.promise.then(() => view.detach()))
    for (;;) {
      socket.onDrain = () => void stdin.resume()
      const end = await view.ended
      if (end === 'detached') break
      if (end === 'stopped') {
        context.note(`\r\ninsula: ${args.vps} has stopped`)
        break
      }
      // Between the connections keys have nowhere to go.
      socket = await reconnect(context, async () => client.console(args.vps))
      view = viewConsole(socket, size(), stdout, shown.resumed())
    }
    stdin.pause()
  },
})

/** The keys as they were named, once it is known that they can be. */
function keyNames(text: string): string {
  detachKeys(text)
  return text
}

function spoken(names: string): string {
  return names
    .split(',')
    .map((key) => key.replace(/^ctrl-/i, 'Ctrl-'))
    .join(' then ')
}
