/**
 * What `insula exec`, `show` and `list -q` do, by the same code, without a process for each: that is most of the time that they take on an emulated
 * machine. For what tests do on the way; what they are about goes through the command.
 */

import { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathFor, streams } from '@insula/contract/endpoints'
import type { ExecOpen, Vps } from '@insula/contract/light'
import { execSession } from '../../../packages/cli/src/session/exec-session.ts'
import { localClient } from '../../../packages/cli/src/transport/local-client.ts'
import { openWebSocket } from '../../../packages/cli/src/transport/websocket.ts'
import type { Answer } from './node.ts'

type LocalNode = Parameters<typeof localClient>[0]

export interface WithoutProcess {
  exec(vps: string, open: Omit<ExecOpen, 'tty'>, input: string | Uint8Array, deadline: number): Promise<Answer>
  show(vps: string): Promise<Vps>
  names(): Promise<string[]>
  templates(): Promise<string[]>
}

export function withoutProcess(node: LocalNode): WithoutProcess {
  let client = localClient(node)
  /** A kept connection may lead to a daemon that was killed. */
  const asked = async <T>(ask: () => Promise<T>): Promise<T> =>
    ask().catch((error: { readonly code?: string }) => {
      if (error.code !== 'unavailable') throw error
      client = localClient(node)
      return ask()
    })
  return {
    exec: (vps, open, input, deadline) => exec(node, vps, open, input, deadline),
    show: async (vps) => (await asked(() => client.vpsShow({ params: { vps } }))).vps,
    names: async () => (await asked(() => client.vpsList({}))).vps.map(({ name }) => name),
    templates: async () => (await asked(() => client.templateList({}))).templates.map(({ name }) => name),
  }
}

async function exec(
  node: LocalNode,
  vps: string,
  open: Omit<ExecOpen, 'tty'>,
  input: string | Uint8Array,
  deadline: number,
): Promise<Answer> {
  const [stdout, stderr] = [collected(), collected()]
  const answer = (code: number, more = ''): Answer => ({ code, stdout: stdout.text(), stderr: stderr.text() + more })
  const over = new AbortController()
  try {
    const socket = await openWebSocket(node, pathFor(streams.exec.path, { vps }))
    using tidy = new DisposableStack()
    tidy.defer(() => socket.close())
    const { ended } = execSession(socket, open, {
      stdin: () => (input.length === 0 ? null : Readable.from(pieces(Buffer.from(input)))),
      stdout: () => stdout.stream,
      stderr: () => stderr.stream,
    })
    const end = await Promise.race([ended, sleep(deadline, null, { signal: over.signal })])
    if (end === null) return answer(-1, `it did not end within ${deadline} ms`)
    return 'signal' in end ? answer(128 + end.number) : answer(end.code & 0xff, end.reason)
  } catch (error) {
    return answer(-1, (error as Error).message)
  } finally {
    over.abort()
  }
}

/** As a pipe would give it. What comes in one piece is one message, and the daemon takes none of megabytes. */
function* pieces(input: Buffer): Generator<Buffer> {
  for (let at = 0; at < input.length; at += PIECE) yield input.subarray(at, at + PIECE)
}

const PIECE = 64 * 1024

function collected(): { readonly stream: Writable; text(): string } {
  const parts: Buffer[] = []
  const stream = new Writable({
    write(part: Buffer, _encoding, done) {
      parts.push(Buffer.from(part))
      done()
    },
  })
  return { stream, text: () => Buffer.concat(parts).toString() }
}
