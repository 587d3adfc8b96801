import { ApiFailure } from '@insula/contract/api-failure'
import type { Event } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { moment } from '../output/time.ts'
import { reconnect } from '../session/reconnect.ts'
import { line as taskLine } from '../task/progress.ts'
import { wholeNumber } from '../values.ts'

export const events = command({
  name: 'events',
  summary: 'Follow what happens on the node',
  details: 'One line for each event, until interrupted. With --json, one JSON object in each line.',
  arguments: {},
  options: {
    since: { value: 'ID', about: 'begin after the event of this number', parse: wholeNumber(0, Number.MAX_SAFE_INTEGER) },
    json: output.json,
  },
  examples: [
    { line: 'insula events', about: 'from now on' },
    { line: 'insula events --since 0 --json | jq .kind', about: 'everything that is kept, as JSON' },
  ],
  run: async (context, { options }) => {
    const client = await context.client()
    let last = options.since
    for (;;) {
      try {
        for await (const event of client.events({ since: last })) {
          last = event.id
          context.print(
            options.json ? JSON.stringify(event) : `${String(event.id).padStart(6)}  ${moment(event.at)}  ${told(event)}`,
          )
        }
      } catch (error) {
        // A connection that breaks off is one that ended: insulad was restarted.
        if (error instanceof ApiFailure || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
      }
      await reconnect(context, async () => client.health())
    }
  },
})

export function told(event: Event): string {
  switch (event.kind) {
    case 'vps.created':
      return `${event.data.name}: created`
    case 'vps.state':
      return `${event.data.name}: ${event.data.from} -> ${event.data.to}${event.data.problem === null ? '' : ` (${event.data.problem})`}`
    case 'vps.changed':
      return `${event.data.name}: changed ${event.data.fields.join(', ')}`
    case 'app.configured':
      return `${event.data.name}: ${event.data.problem ?? `${event.data.app} is configured`}`
    case 'vps.renamed':
      return `${event.data.name}: renamed, was ${event.data.previous}`
    case 'vps.destroyed':
      return `${event.data.name}: destroyed`
    case 'task':
      return `task ${event.data.id} ${event.data.kind} ${event.data.state}  ${taskLine(event.data)}`
    case 'template.built':
      return `template ${event.data.ref}: built`
    case 'template.removed':
      return `template ${event.data.ref}: removed`
    case 'node':
      return `${event.data.subject}: ${event.data.message}`
    default:
      // A kind that is newer than this program.
      return JSON.stringify(event)
  }
}
