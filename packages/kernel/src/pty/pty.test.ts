/** Terminals and pipes have one driver, which every tier uses; this is what it promises. */

import assert from 'node:assert/strict'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  read as readFd,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startAttached } from '../process/attached.ts'
import { sendDescriptor } from '../testing/send-descriptor.ts'
import { awaitDescriptor } from './handover.ts'
import { adoptPty, openPipe, openPty, resizePty } from './pty.ts'

const readSome = promisify(readFd)

test('what is written to one end of a pty comes out of the other, as of a terminal', async () => {
  using pty = openPty()
  assert.match(pty.path, /^\/dev\/pts\/\d+$/)
  writeSync(pty.slave, 'one\n')
  assert.equal(await read(pty.master, 5), 'one\r\n')
  writeSync(pty.master, 'two\n')
  assert.equal(await read(pty.slave, 4), 'two\n')
  assert.equal(await read(pty.master, 5), 'two\r\n', 'what is typed is echoed')
})

test('a master never blocks: what was written is there at once, and then nothing', () => {
  using pty = openPty()
  writeSync(pty.slave, 'said')
  const bytes = Buffer.alloc(10)
  assert.equal(bytes.toString('utf8', 0, readSync(pty.master, bytes)), 'said')
  assert.throws(() => readSync(pty.master, bytes), { code: 'EAGAIN' })
})

test('a terminal that nobody reads takes no more, and says so', async () => {
  using pty = openPty()
  await startAttached(['stty', 'raw', '-echo'], { descriptors: [pty.slave, 'null', 'null'] }).ended
  const flood = (): void => {
    for (let round = 0; round < 1_000; round += 1) writeSync(pty.master, Buffer.alloc(1024, 'x'))
  }
  assert.throws(flood, { code: 'EAGAIN' })
})

test('two ptys are two', () => {
  using first = openPty()
  using second = openPty()
  assert.notEqual(first.path, second.path)
})

test('a pty goes with its last descriptor, and no process of ours holds one by accident', async () => {
  const pty = openPty()
  const child = startAttached(['sleep', '600'], { descriptors: ['null', 'null', 'null'] })
  pty[Symbol.dispose]()
  assert.ok(!existsSync(pty.path))
  process.kill(child.pid, 'SIGKILL')
  await child.ended
})

test('a pty that another process opened is adopted by its master', async () => {
  using pty = openPty()
  // What another process would have been handed: a descriptor of its own of the same master.
  const copy = await handedOver(pty.master)
  using adopted = adoptPty(copy)
  assert.equal(adopted.path, pty.path)
  writeSync(adopted.slave, 'x')
  assert.equal(await read(pty.master, 1), 'x')
  const pipe = openPipe()
  assert.throws(() => adoptPty(pipe.read), /TIOCGPTN: ENOTTY|TIOCGPTN: EINVAL/)
  for (const end of [pipe.read, pipe.write]) closeSync(end)
})

test('who uses the terminal sees its size', async () => {
  using pty = openPty()
  resizePty(pty.master, 132, 43)
  const output = openPipe()
  const { ended } = startAttached(['stty', 'size'], { descriptors: [pty.slave, output.write, 'null'] })
  closeSync(output.write)
  assert.equal((await ended).code, 0)
  assert.equal(await read(output.read, 7), '43 132\n')
  closeSync(output.read)
})

test('a pipe has an end, can be opened again through /proc, and is left open in nobody', async () => {
  const pipe = openPipe()
  const child = startAttached(['sleep', '600'], { descriptors: ['null', 'null', 'null'] })
  const again = openSync(`/proc/self/fd/${pipe.write}`, constants.O_WRONLY)
  writeSync(again, 'again')
  closeSync(again)
  assert.equal(await read(pipe.read, 5), 'again')
  closeSync(pipe.write)
  assert.equal(readSync(pipe.read, Buffer.alloc(1)), 0)
  closeSync(pipe.read)
  process.kill(child.pid, 'SIGKILL')
  await child.ended
})

test('a descriptor is handed over, and the socket is gone then', async (t) => {
  const path = socketIn(t)
  const pipe = openPipe()
  const { received } = awaitDescriptor(path)
  assert.ok(existsSync(path))
  sendDescriptor(path, pipe.write)
  const handed = await received
  assert.ok(handed !== null && handed !== pipe.write)
  assert.ok(!existsSync(path))
  assert.equal(fstatSync(handed).ino, fstatSync(pipe.write).ino)
  const flags = Number.parseInt(/^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${handed}`, 'utf8'))?.[1] ?? '', 8)
  assert.ok((flags & 0o2000000) !== 0, 'it is closed on exec')
  for (const fd of [handed, pipe.write, pipe.read]) closeSync(fd)
})

test('a sender that hangs up, and one that is not waited for any more, hand over nothing', async (t) => {
  const path = socketIn(t)
  const first = awaitDescriptor(path)
  sendDescriptor(path, null)
  assert.equal(await first.received, null)
  const second = awaitDescriptor(path)
  second.cancel()
  assert.equal(await second.received, null)
  assert.ok(!existsSync(path))
  second.cancel()
})

test('a place that cannot be listened at is refused by name', (t) => {
  const path = join(socketIn(t), 'below')
  assert.throws(() => awaitDescriptor(path), new RegExp(`bind ${path}: ENOENT`))
})

function socketIn(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'insula-pty-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'socket')
}

async function handedOver(fd: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'insula-pty-'))
  const { received } = awaitDescriptor(join(directory, 'socket'))
  sendDescriptor(join(directory, 'socket'), fd)
  const copy = await received
  rmSync(directory, { recursive: true })
  assert.ok(copy !== null)
  return copy
}

/** So many bytes; a terminal passes them on a moment later. */
async function read(fd: number, length: number): Promise<string> {
  const bytes = Buffer.alloc(length)
  for (let filled = 0, tries = 0; filled < length; tries += 1) {
    assert.ok(tries < 2_000, `only ${filled} of ${length} bytes came`)
    try {
      filled += (await readSome(fd, bytes, filled, length - filled, null)).bytesRead
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await sleep(1)
    }
  }
  return bytes.toString()
}
