/** What every Runtime does. */

import assert from 'node:assert/strict'
import { closeSync, existsSync, read, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Cgroups } from '../cgroup/cgroup.ts'
import type { ExitWatch, ProcessEnd } from '../exits/exits.ts'
import type { Descriptor } from '../process/attached.ts'
import { awaitDescriptor } from '../pty/handover.ts'
import { openPipe } from '../pty/pty.ts'
import { lastLogMessage } from './log.ts'
import type { Runtime, RuntimeCall, RuntimeEnd } from './runtime.ts'

export interface RuntimeSubject {
  readonly runtime: Runtime
  readonly cgroups: Cgroups
  /** A group that is there before each test. */
  readonly cgroup: string
  readonly exits: ExitWatch
  /** An empty directory for files. */
  readonly directory: string
  /**
   * Writes config.json of a container whose init is argv. In its /bin are: idle, which does nothing; exit-with CODE; kill-by SIGNAL, which
   * is ended by that; say WORD, which writes the word to stdout and "no WORD" to stderr, each with a newline; and cat.
   */
  readonly writeConfig: (bundle: string, argv: readonly string[]) => void
  /** Runs body where the runtime can work. */
  readonly inside: <T>(body: () => T) => T
  readonly kill: (pid: number, signal: number) => void
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const SIGTERM = 15
const SIGKILL = 9
const SILENT = ['null', 'null', 'null'] as const

export function runtimeConformance(name: string, open: () => Promise<RuntimeSubject>): void {
  describe(`${name} is a Runtime`, () => {
    let subject: RuntimeSubject
    let runtime: Runtime
    let id = ''
    let bundle = ''
    let log = ''
    let pidFile = ''
    let count = 0
    let commands = 0
    before(async () => {
      subject = await open()
      runtime = subject.runtime
    })
    after(async () => {
      subject.exits[Symbol.dispose]()
      await subject[Symbol.asyncDispose]()
    })
    beforeEach(async () => {
      id = `test-${++count}`
      bundle = join(subject.directory, id)
      log = join(subject.directory, `${id}.log`)
      pidFile = join(subject.directory, `${id}.pid`)
      await subject.cgroups.create(subject.cgroup, 0)
    })
    afterEach(async () => {
      await remove(id)
      await subject.cgroups.killAll(subject.cgroup)
    })

    const run = (call: () => RuntimeCall): Promise<RuntimeEnd> => {
      writeFileSync(log, '')
      return subject.inside(call).ended
    }
    const remove = (which: string): Promise<RuntimeEnd> => run(() => runtime.remove(which))
    const create = (argv: readonly string[], stdio: Streams = SILENT): Promise<RuntimeEnd> => {
      subject.writeConfig(bundle, argv)
      using door = subject.cgroups.door(subject.cgroup)
      return run(() => runtime.create(id, { bundle, pidFile, log, stdio, door }))
    }
    const start = (which = id): Promise<RuntimeEnd> => run(() => runtime.start(which, log))
    const running = async (...argv: string[]): Promise<number> => {
      assert.deepEqual(await create(argv), { code: 0, signal: null }, lastLogMessage(log))
      assert.deepEqual(await start(), { code: 0, signal: null }, lastLogMessage(log))
      return runtime.state(id)?.pid ?? 0
    }
    const execCall = (argv: readonly string[], stdio: Streams = SILENT, more: Partial<Extra> = {}) => {
      const { which = id, cwd = '/', consoleSocket = null } = more
      const processFile = join(subject.directory, `${id}-${++commands}.json`)
      const pidFile = `${processFile}.pid`
      const terminal = consoleSocket !== null
      const env = ['PATH=/bin']
      writeFileSync(processFile, JSON.stringify({ args: argv, cwd, terminal, env, user: { uid: 0, gid: 0 } }))
      writeFileSync(log, '')
      using door = subject.cgroups.door(subject.cgroup)
      const call = subject.inside(() => runtime.exec(which, { processFile, pidFile, log, consoleSocket, stdio, door }))
      return { ...call, pid: () => appears(pidFile) }
    }
    const exec = (...argv: string[]): Promise<RuntimeEnd> => execCall(argv).ended
    const end = (pid: number): Promise<ProcessEnd> => new Promise((resolve) => subject.exits.watch(pid, resolve))
    /** A call that failed, and what it wrote in its log. */
    const refused = async (call: Promise<RuntimeEnd>, message: RegExp): Promise<void> => {
      const { code } = await call
      assert.ok(code !== null && code !== 0, `it ended with ${code}`)
      assert.match(lastLogMessage(log), message)
    }

    test('init of a new container waits; started it runs to its end; then the container is removed', async () => {
      const output = openPipe()
      assert.equal(runtime.state(id), null)
      assert.deepEqual(await create(['/bin/say', 'hello'], ['null', output.write, 'null']), { code: 0, signal: null })
      closeSync(output.write)
      const created = runtime.state(id)
      assert.deepEqual(created, { id, pid: Number(readFileSync(pidFile, 'utf8')), state: 'created', bundle })
      assert.deepEqual(runtime.states(), [created])
      const ended = end(created.pid)
      assert.equal(await Promise.race([ended, exec('exit-with', '3')]).then((first) => first.code), 3)
      assert.equal(runtime.state(id)?.state, 'created')

      assert.deepEqual(await start(), { code: 0, signal: null })
      assert.equal(await allOf(output.read), 'hello\n')
      assert.deepEqual(await ended, { pid: created.pid, code: 0, signal: null })
      assert.deepEqual(runtime.state(id), { ...created, state: 'gone' })
      assert.deepEqual(await remove(id), { code: 0, signal: null })
      assert.equal(runtime.state(id), null)
      assert.deepEqual(runtime.states(), [])
    })

    test("init's exit code and signal are its own; the first process of a container ignores what it does not handle", async () => {
      await create(['/bin/exit-with', '7'])
      const { pid } = runtime.state(id) ?? assert.fail('there is no container')
      const seven = end(pid)
      await start()
      assert.deepEqual(await seven, { pid, code: 7, signal: null })
      await remove(id)
      await subject.cgroups.create(subject.cgroup, 0)
      const idle = await running('/bin/idle')
      const ended = end(idle)
      subject.kill(idle, SIGTERM)
      assert.equal((await exec('exit-with', '0')).code, 0)
      assert.equal(runtime.state(id)?.state, 'running')
      subject.kill(idle, SIGKILL)
      assert.deepEqual(await ended, { pid: idle, code: null, signal: SIGKILL })
    })

    test('a container is made once, and started once', async () => {
      const pid = await running('/bin/idle')
      await refused(create(['/bin/idle']), new RegExp(`${id}.* already exists`))
      await refused(start(), /exec\.fifo/)
      assert.deepEqual(runtime.state(id), { id, pid, state: 'running', bundle })
    })

    test('an init that is not there is named, and nothing is left', async () => {
      await refused(create(['/bin/nothing']), /\/bin\/nothing.*No such file or directory/)
      assert.equal(runtime.state(id), null)
      assert.deepEqual(await subject.cgroups.processes(subject.cgroup), [])
    })

    test('a bundle without a configuration makes no container', async () => {
      using door = subject.cgroups.door(subject.cgroup)
      const absent = join(subject.directory, 'absent')
      const { code } = await run(() => runtime.create(id, { bundle: absent, pidFile, log, stdio: SILENT, door }))
      assert.ok(code !== null && code !== 0)
      assert.equal(runtime.state(id), null)
    })

    test('a container that is not there is neither started nor entered; to remove it is no error', async () => {
      await refused(start('absent'), /No such file or directory/)
      await refused(execCall(['exit-with', '0'], SILENT, { which: 'absent' }).ended, /No such file or directory/)
      assert.deepEqual(await remove('absent'), { code: 0, signal: null })
    })

    test('a command ends as it ended: its exit code, or 128 and its signal', async () => {
      await running('/bin/idle')
      for (const code of [0, 1, 42, 255]) assert.deepEqual(await exec('exit-with', `${code}`), { code, signal: null })
      for (const signal of [SIGTERM, SIGKILL])
        assert.deepEqual(await exec('kill-by', `${signal}`), { code: 128 + signal, signal: null })
    })

    test('its streams are those that were given, apart and byte for byte', async () => {
      await running('/bin/idle')
      const [input, output, errors] = [openPipe(), openPipe(), openPipe()]
      const said = execCall(['say', 'word'], ['null', output.write, errors.write])
      const copied = execCall(['cat'], [input.read, output.write, 'null'])
      for (const fd of [input.read, output.write, errors.write]) closeSync(fd)
      assert.deepEqual(await said.ended, { code: 0, signal: null })
      writeSync(input.write, Buffer.from([0, 255, 13, 10]))
      closeSync(input.write)
      assert.deepEqual(await copied.ended, { code: 0, signal: null })
      assert.equal(await allOf(output.read, 'latin1'), 'word\n\0\xff\r\n')
      assert.equal(await allOf(errors.read), 'no word\n')
    })

    test('a command or a working directory that is not there is named', async () => {
      await running('/bin/idle')
      await refused(exec('nothing'), /nothing.*No such file or directory/)
      await refused(exec(''), /./)
      await refused(execCall(['exit-with', '0'], SILENT, { cwd: '/nowhere' }).ended, /\/nowhere/)
      assert.equal(runtime.state(id)?.state, 'running')
    })

    test('why a command cannot run is on its stderr too, of one that has not begun', async () => {
      await running('/bin/idle')
      const errors = openPipe()
      const call = execCall(['nothing'], ['null', 'null', errors.write])
      closeSync(errors.write)
      assert.notEqual((await call.ended).code, 0)
      assert.equal(await allOf(errors.read), `${lastLogMessage(log)}\n`)
      assert.equal(call.begun(), false)
      const runs = execCall(['idle'])
      for (let tries = 0; tries < 2_000 && !runs.begun(); tries += 1) await sleep(5)
      assert.equal(runs.begun(), true)
      runs.kill()
      await runs.ended
    })

    test('all that runs in a container is in its group, by host pid, and ends with init', async () => {
      const init = await running('/bin/idle')
      const command = execCall(['idle'])
      const pid = await command.pid()
      // The runtime that waits for the command may be there too.
      const members = await subject.cgroups.processes(subject.cgroup)
      assert.ok(members.includes(init) && members.includes(pid), `${init} and ${pid} in ${members.join()}`)
      const ended = end(init)
      subject.kill(init, SIGKILL)
      await ended
      assert.deepEqual(await command.ended, { code: 128 + SIGKILL, signal: null })
      assert.equal(runtime.state(id)?.state, 'gone')
      await refused(exec('exit-with', '0'), /not running/)
      assert.deepEqual(await subject.cgroups.processes(subject.cgroup), [])
    })

    test('a command with a terminal: its master is handed over, and input comes back as of a terminal', async () => {
      await running('/bin/idle')
      const socket = join(subject.directory, `${id}.sock`)
      const { received } = awaitDescriptor(socket)
      const { ended } = execCall(['cat'], SILENT, { consoleSocket: socket })
      const master = await received
      assert.ok(master !== null)
      writeSync(master, 'typed\n\x04')
      assert.equal(await some(master, 14), 'typed\r\ntyped\r\n')
      assert.deepEqual(await ended, { code: 0, signal: null })
      closeSync(master)
    })

    test('a call that is killed ends by that, and the container goes on', async () => {
      await running('/bin/idle')
      const call = execCall(['idle'])
      await call.pid()
      call.kill()
      assert.deepEqual(await call.ended, { code: null, signal: 'SIGKILL' })
      call.kill()
      assert.equal(runtime.state(id)?.state, 'running')
    })

    test('remove kills what runs, also what has not begun, and can be repeated', async () => {
      for (const begun of [true, false]) {
        await subject.cgroups.create(subject.cgroup, 0)
        if (begun) await running('/bin/idle')
        else await create(['/bin/idle'])
        const { pid = 0 } = runtime.state(id) ?? {}
        const ended = end(pid)
        assert.deepEqual(await remove(id), { code: 0, signal: null })
        assert.deepEqual(await ended, { pid, code: null, signal: SIGKILL })
        assert.deepEqual([runtime.state(id), await subject.cgroups.processes(subject.cgroup)], [null, []])
        assert.deepEqual(await remove(id), { code: 0, signal: null })
      }
    })

    test('a state that nobody can use any more is forgotten', async () => {
      const pid = await running('/bin/idle')
      const ended = end(pid)
      subject.kill(pid, SIGKILL)
      await ended
      runtime.forget(id)
      runtime.forget(id)
      assert.deepEqual([runtime.state(id), runtime.states()], [null, []])
    })
  })
}

type Streams = readonly [Descriptor, Descriptor, Descriptor]

interface Extra {
  readonly which: string
  readonly cwd: string
  readonly consoleSocket: string | null
}

const readSome = promisify(read)

/** To its end, and closes it. */
async function allOf(fd: number, encoding: BufferEncoding = 'utf8'): Promise<string> {
  let text = ''
  for (let part = await some(fd, 1000, encoding); part !== ''; part = await some(fd, 1000, encoding)) text += part
  closeSync(fd)
  return text
}

/** So many bytes, or fewer at the end. A terminal may be one that does not wait. */
async function some(fd: number, length: number, encoding: BufferEncoding = 'utf8'): Promise<string> {
  const bytes = Buffer.alloc(length)
  for (let filled = 0, tries = 0; filled < length; tries += 1) {
    try {
      const { bytesRead } = await readSome(fd, bytes, filled, length - filled, null)
      if (bytesRead === 0) return bytes.toString(encoding, 0, filled)
      filled += bytesRead
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || tries > 2_000) throw error
      await sleep(5)
    }
  }
  return bytes.toString(encoding)
}

/** The pid in a file that is not there yet. */
async function appears(pidFile: string): Promise<number> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0
    if (pid > 0) return pid
    await sleep(5)
  }
  return assert.fail(`${pidFile} did not appear`)
}
