/** Runs in the machine, as a unit of systemd: starts what the harness asks for, and gives back its output as it comes and its exit code. */

import { openSync, read, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { decoder, encode, toGuest, type ToHost } from '../messages.ts'
import { type Command, startCommand } from './command.ts'

const PORT = '/dev/virtio-ports/lab'
/** Nobody is connected on the other side. */
const NOBODY_MS = 100

const port = openSync(PORT, 'r+')
const commands = new Map<number, Command>()
const send = (message: ToHost): void => writeAll(Buffer.from(encode(message)))

const take = decoder((line) => {
  const message = toGuest(line)
  if (message.kind === 'run') {
    const { id } = message
    const output = (stream: 'stdout' | 'stderr', data: Buffer): void =>
      send({ kind: 'output', id, stream, data: data.toString('base64') })
    const end = (code: number): void => {
      commands.delete(id)
      send({ kind: 'end', id, code })
    }
    const command = startCommand(message, output, end)
    if (command !== null) commands.set(id, command)
    return
  }
  const command = commands.get(message.id)
  if (message.kind === 'input') command?.input(message.data === undefined ? null : Buffer.from(message.data, 'base64'))
  if (message.kind === 'resize') command?.resize(message.columns, message.rows)
  if (message.kind === 'kill') command?.kill()
})

send({ kind: 'ready' })
const buffer = Buffer.alloc(65_536)
for (;;) {
  const { bytesRead } = await promisify(read)(port, buffer, 0, buffer.length, null)
  if (bytesRead === 0) await sleep(NOBODY_MS)
  else take(Buffer.from(buffer.subarray(0, bytesRead)))
}

/** Blocking: an agent that cannot tell has nothing better to do. */
function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(port, bytes, at)
}
