/** Runs the CLI in the process of the test. What belongs to a process of its own (signals, descriptors, its end) is tested with run-cli.ts. */

import { Writable } from 'node:stream'
import type { OwnProcess } from '../own-process.ts'
import { run } from '../run.ts'

export interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export async function runHere(args: readonly string[], env: OwnProcess['env']): Promise<Said> {
  const [out, err] = [collector(), collector()]
  const code = await run(args, {
    output: { stdout: () => out.stream, stderr: () => err.stream, flush: async () => undefined },
    env,
    terminal: { stdin: false, stdout: false, stderr: false },
    width: null,
    leaveDirectory: () => undefined,
  })
  return { code, out: out.text(), err: err.text() }
}

function collector(): { stream: NodeJS.WriteStream; text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  // Commands only write to it.
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => Buffer.concat(chunks).toString() }
}
