/**
 * Text frames of the two WebSockets. The client's first frame opens the session (ExecOpen or ConsoleOpen); after it, binary frames
 * carry bytes (see channel.ts) and text frames carry what is below. A console that was opened sends a binary frame at once, be it empty. After `exit`, `end` or `error` the server closes with 1000.
 */

import { z } from 'zod'
import { ApiError } from './failure.ts'

const size = { cols: z.int().min(1).max(10_000), rows: z.int().min(1).max(10_000) }

export const ExecOpen = z
  .strictObject({
    argv: z.array(z.string().max(1_000_000)).min(1).max(10_000),
    user: z.string().min(1).max(100).optional().describe('"name", "uid", "name:group", "uid:gid"; root when absent'),
    cwd: z.string().min(1).max(4096).optional(),
    env: z.record(z.string().regex(/^[^=\0]+$/), z.string()).optional(),
    tty: z
      .strictObject({ ...size, term: z.string().min(1).max(64) })
      .optional()
      .describe('Run it on a terminal: stdout and stderr are then one stream'),
  })
  .meta({ id: 'ExecOpen' })
export type ExecOpen = z.infer<typeof ExecOpen>

/** Without a size the console keeps the one it has: for a reader that only follows. */
export const ConsoleOpen = z.strictObject(size).partial().meta({ id: 'ConsoleOpen' })
export type ConsoleOpen = z.infer<typeof ConsoleOpen>

/** `signal` is sent to the command of an exec that has no terminal; with one, the client sends the control character as input. */
export const SessionClientMessage = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('resize'), ...size }),
    z.strictObject({ type: z.literal('eof') }),
    z.strictObject({
      type: z.literal('signal'),
      signal: z.enum(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']),
    }),
  ])
  .meta({ id: 'SessionClientMessage' })
export type SessionClientMessage = z.infer<typeof SessionClientMessage>

/** Exactly one of code and signal. A command that could not be run: code 127 (not found) or 126 (not executable) and a reason. */
export const ExecServerMessage = z
  .union([
    z.object({ type: z.literal('exit'), code: z.int(), reason: z.string().optional() }),
    z.object({ type: z.literal('exit'), signal: z.string(), number: z.int() }),
    z.object({ type: z.literal('error'), error: ApiError }),
  ])
  .meta({ id: 'ExecServerMessage' })
export type ExecServerMessage = z.infer<typeof ExecServerMessage>

export const ConsoleServerMessage = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('end') }).describe('The VPS stopped'),
    z.object({ type: z.literal('error'), error: ApiError }),
  ])
  .meta({ id: 'ConsoleServerMessage' })
export type ConsoleServerMessage = z.infer<typeof ConsoleServerMessage>
