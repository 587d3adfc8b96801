/** Starts a process that is given its whole input, and whose output is read through pipes. */

import { closeSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { openPipe } from '../pty/pty.ts'
import { type AttachedProcess, startAttached } from './attached.ts'
import type { RunOptions } from './runner.ts'

export interface PipedProcess extends AttachedProcess {
  readonly stdout: Readable
  readonly stderr: Readable
}

/** Bytes that an empty pipe takes at once. pipe(7) */
const PIPE_BYTES = 65_536

/** The process is started before this returns. @throws ProcessFailed */
export function startPiped(argv: readonly [string, ...string[]], { input = '', env, cwd }: RunOptions): PipedProcess {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  const [stdin, stdout, stderr] = [openPipe(), openPipe(), openPipe()]
  try {
    // Most inputs are short: then they lie in the pipe before the process is there.
    if (bytes.length <= PIPE_BYTES) feed(stdin.write, bytes)
    const child = startAttached(argv, {
      descriptors: [stdin.read, stdout.write, stderr.write],
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
    })
    if (bytes.length <= PIPE_BYTES) closeSync(stdin.write)
    else pour(stdin.write, bytes)
    return { ...child, stdout: reader(stdout.read), stderr: reader(stderr.read) }
  } catch (error) {
    for (const fd of [stdin.write, stdout.read, stderr.read]) closeSync(fd)
    throw error
  } finally {
    for (const fd of [stdin.read, stdout.write, stderr.write]) closeSync(fd)
  }
}

function feed(pipe: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(pipe, bytes, written)
}

function pour(pipe: number, bytes: Uint8Array): void {
  const socket = new Socket({ fd: pipe, readable: false, writable: true })
  // A command that ends without reading its input is no error of ours.
  socket.on('error', () => undefined)
  socket.end(bytes)
}

const reader = (pipe: number): Readable => new Socket({ fd: pipe, readable: true, writable: false })
