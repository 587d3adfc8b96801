/** The event stream: server-sent events, resumable by Last-Event-ID. https://html.spec.whatwg.org/multipage/server-sent-events.html */

import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type Event, streams } from '@insula/contract'
import type { Means } from '../means.ts'
import { valid } from './valid.ts'

/** A reader that lets so much pile up is cut off; it resumes where it was. */
const MOST_BUFFERED = 4 * 1024 * 1024
const HEARTBEAT_MS = 15_000
const NoQuery = z.strictObject({})

export function serveEvents(app: FastifyInstance, { events }: Means): void {
  app.get(streams.events.path, async (request, reply) => {
    valid(NoQuery, request.query, 'cannot follow the events', 'query')
    const { raw } = reply
    const header = request.headers['last-event-id']
    const since = typeof header === 'string' && /^\d+$/.test(header) ? Number(header) : events.latest()
    reply.hijack()
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    raw.write(': insula\n\n')
    let last = since
    const send = (event: Event): void => {
      if (event.id <= last) return
      last = event.id
      raw.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`)
      if (raw.writableLength > MOST_BUFFERED) raw.destroy()
    }
    // What happens while the past is read waits its turn.
    let waiting: Event[] | null = []
    const listening = events.listen((event) => (waiting ? void waiting.push(event) : send(event)))
    const heartbeat = setInterval(() => raw.write(': \n\n'), HEARTBEAT_MS)
    raw.on('close', () => {
      clearInterval(heartbeat)
      listening[Symbol.dispose]()
    })
    for (const event of await events.since(since)) send(event)
    const missed = waiting
    waiting = null
    for (const event of missed) send(event)
  })
}
