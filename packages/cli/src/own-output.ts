/** stdout and stderr of this process: the one way to them. Each is touched only when used: that costs a millisecond or more to set up. */

import { fstatSync, writeSync } from 'node:fs'
import { errnoName } from './errno.ts'

/** As if SIGPIPE had ended it, which is what the shell expects of a tool whose reader went away. */
export const BROKEN_PIPE_EXIT = 141
/** EX_IOERR of sysexits.h. */
export const OUTPUT_FAILED_EXIT = 74

export interface OwnOutput {
  readonly stdout: () => NodeJS.WriteStream
  readonly stderr: () => NodeJS.WriteStream
  /** Until everything written has left: process.exit() would drop what a pipe has not taken yet, and a failure not told yet. */
  flush(): Promise<void>
}

type OwnStream = NodeJS.WriteStream & { readonly fd: number }

/** What cannot be written ends the process, wherever it is: there is nobody left to work for. */
export function ownOutput(): OwnOutput {
  const used = new Set<NodeJS.WriteStream>()
  const watched = (stream: OwnStream) => {
    if (used.has(stream)) return stream
    used.add(stream)
    if (fstatSync(stream.fd).isFile()) writeWhole(stream)
    return stream.on('error', giveUp)
  }
  return {
    stdout: () => watched(process.stdout),
    stderr: () => watched(process.stderr),
    flush: async () => {
      for (const stream of used) {
        if (stream.errored) giveUp(stream.errored)
        if (stream.writableLength === 0) continue
        const failure = await new Promise<Error | null | undefined>((resolve) => stream.write('', resolve))
        if (failure) giveUp(stream.errored ?? failure)
      }
    },
  }
}

/** Node's stream for a file takes a write that was cut short, as on a volume that becomes full, for a whole one. */
function writeWhole(stream: OwnStream): void {
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let rest = chunk; rest.length > 0;) rest = rest.subarray(writeSync(stream.fd, rest))
    } catch (error) {
      return done(error as Error)
    }
    done()
  }
}

function giveUp(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(BROKEN_PIPE_EXIT)
  try {
    writeSync(2, `insula: cannot write the output: ${REASONS[errnoName(error)] ?? error.message}\n`)
  } catch {
    // It was stderr that failed.
  }
  process.exit(OUTPUT_FAILED_EXIT)
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left where it goes',
  EDQUOT: 'the disk quota of where it goes is used up',
  EFBIG: 'the file would be larger than it may be',
  EIO: 'input/output error',
}
