import { pathFor, streams } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { viewConsole } from '../session/console-session.ts'
import { reconnect } from '../session/reconnect.ts'
import { seen } from '../session/seen.ts'
import { openWebSocket } from '../transport/websocket.ts'
import { wholeNumber } from '../values.ts'

export const logs = command({
  name: 'logs',
  summary: 'Show what the console of a VPS has shown',
  details:
    'Of one that has stopped, or did not start, what it showed last; that is kept until it starts again or the node boots.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    follow: { short: 'f', about: 'go on with what follows, until the VPS stops' },
    lines: { short: 'n', value: 'LINES', about: 'only the last ones', parse: wholeNumber(0, 1_000_000) },
    json: output.json,
  },
  examples: [
    { line: 'insula logs web', about: 'everything that is kept' },
    { line: 'insula logs web -f -n 20', about: 'the last 20 lines and what follows' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const { text } = await client.vpsLog({ params: { vps: args.vps } })
    const shown = options.lines === undefined ? text : lastLines(text, options.lines)
    if (options.json && !options.follow) return context.print(JSON.stringify({ text: shown }, null, 2))
    if (!options.follow) {
      context.stdout().write(shown.endsWith('\n') || shown === '' ? shown : `${shown}\n`)
      return
    }
    const open = async () => openWebSocket(context, pathFor(streams.console.path, { vps: args.vps }))
    // The console begins with the same scrollback: what is not wanted of it is counted in lines, which decoding does not change.
    const skip = withoutLines(newlines(text) - newlines(shown))
    const shownSoFar = seen()
    let view = viewConsole(await open(), null, context.stdout(), (bytes) => skip(shownSoFar.through(bytes)))
    while ((await view.ended) === 'lost')
      view = viewConsole(await reconnect(context, open), null, context.stdout(), shownSoFar.resumed())
  },
})

export function lastLines(text: string, count: number): string {
  if (count === 0) return ''
  const ended = text.endsWith('\n')
  const lines = (ended ? text.slice(0, -1) : text).split('\n')
  return lines.slice(-count).join('\n') + (ended ? '\n' : '')
}

/** Drops that many lines, then passes everything. */
export function withoutLines(count: number): (bytes: Uint8Array) => Uint8Array {
  let left = count
  return (bytes) => {
    let at = 0
    while (left > 0 && at < bytes.length) {
      const end = bytes.indexOf(10, at)
      if (end === -1) return bytes.subarray(bytes.length)
      at = end + 1
      left--
    }
    return bytes.subarray(at)
  }
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}
