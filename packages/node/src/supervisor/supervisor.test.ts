import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AttachedProcess, startService } from '@insula/kernel'
import { startInBackground } from './background.ts'
import type { ChildSpec, Place } from './children.ts'
import { lastLine, rotate } from './log-file.ts'

const HERE = import.meta.dirname
/** Whatever hangs, the test ends. */
const LIMIT = { timeout: 40_000 }

/**
 * A child that listens, counts its lives in a file and, if told to, ends at once. With the store it makes a pipe in its first life, puts
 * "kept" in it and stores it; in a later life it reads from what it got.
 */
const TOY = `
  import { appendFileSync, readSync, rmSync, writeSync, writeFileSync } from 'node:fs'
  import { createServer } from 'node:net'
  const [socket, mode] = process.argv.slice(1)
  process.title = 'toy of the test'
  appendFileSync(socket + '.lives', process.pid + ' ' + Date.now() + '\\n')
  console.error('toy speaks')
  if (mode === 'fail') process.exit(3)
  if (mode === 'store') {
    const { inheritedDescriptors, openDescriptorStore, openPipe } = await import('${import.meta.resolve('@insula/kernel')}')
    const inherited = inheritedDescriptors()
    if (inherited.size > 0) {
      const text = Buffer.alloc(100)
      const length = readSync(inherited.get('pipe'), text)
      writeFileSync(socket + '.inherited', [...inherited].join(' ') + ' ' + text.toString('utf8', 0, length))
    } else {
      const pipe = openPipe()
      const store = openDescriptorStore()
      writeSync(pipe.write, 'kept')
      store.store('other', pipe.write)
      store.store('pipe', pipe.read)
      store.drop('other')
    }
  }
  for (const signal of ['SIGTERM', 'SIGUSR1']) {
    process.on(signal, () => {
      if (mode === 'stubborn') return
      appendFileSync(socket + '.signals', signal + '\\n')
      process.exit(0)
    })
  }
  rmSync(socket, { force: true })
  if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, 2_000))
  if (mode === 'mute') setInterval(() => {}, 1_000)
  else createServer().listen(socket)
`

interface Stage {
  readonly place: Place
  readonly children: readonly ChildSpec[]
  readonly argv: readonly [string, ...string[]]
  readonly start: () => AttachedProcess
  /** Pids of all lives so far. */
  readonly lives: (name: string) => number[]
  readonly file: (name: string) => string
}

/** A supervisor of toys, whatever runs of it ended with the test. */
function stage(t: TestContext, modes: Readonly<Record<string, string>>, patience = 5_000): Stage {
  const run = mkdtempSync(join(tmpdir(), 'insula-supervisor-'))
  const place: Place = { name: 'toy', run, logs: join(run, 'logs') }
  const children = Object.entries(modes).map(([name, mode]): ChildSpec => {
    const socket = join(run, `${name}.sock`)
    return {
      name,
      argv: [...program(TOY), socket, mode],
      env: {},
      socket,
      storesDescriptors: mode === 'store',
      understands: mode === 'store' ? ['SIGUSR1'] : [],
      patience,
    }
  })
  const table = `${JSON.stringify(place)}, ${JSON.stringify(children)}`
  const argv = program(`
    const { runSupervisor } = await import('${HERE}/run.ts')
    process.exit((await runSupervisor(${table})) ? 0 : 9)
  `)
  const started: AttachedProcess[] = []
  const lines = (name: string): string[] => {
    const file = join(run, name)
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  }
  const lives = (name: string): number[] => lines(`${name}.sock.lives`).map((line) => Number(line.split(' ')[0]))
  t.after(async () => {
    const file = join(run, 'supervisor.pid')
    for (const supervisor of [...started.map(({ pid }) => pid), existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0]) {
      if (supervisor > 0) end(supervisor)
    }
    await Promise.all(started.map(({ ended }) => ended))
    for (const pid of Object.keys(modes).flatMap(lives)) if (isOf(run, pid)) end(pid)
    rmSync(run, { recursive: true, force: true })
  })
  return {
    place,
    children,
    argv,
    start: () => {
      const supervisor = startService(argv, { log: join(run, 'log') })
      started.push(supervisor)
      return supervisor
    },
    lives,
    file: (name) => join(run, name),
  }
}

test('a child that dies is started again, the other is left alone, and its pid file follows', LIMIT, async (t) => {
  const { start, lives, file } = stage(t, { one: 'plain', two: 'plain' })
  start()
  await until(() => lives('one').length === 1 && lives('two').length === 1 && existsSync(file('one.sock')))
  const [first] = lives('one')
  process.kill(first!, 'SIGKILL')
  await until(() => lives('one').length === 2)
  assert.notEqual(lives('one')[1], first)
  await until(() => Number(readFileSync(file('one.pid'))) === lives('one')[1])
  assert.equal(lives('two').length, 1)
  assert.ok(alive(lives('two')[0]!))
  assert.equal(lastLine(file('logs/one.log')), 'toy speaks')
})

// How far apart its starts lie is in restart-wait.test.ts.
test('one that ends at once is started again and again, and the log says when', LIMIT, async (t) => {
  const { start, lives, file } = stage(t, { one: 'fail' })
  start()
  await until(() => lives('one').length >= 5)
  const told = readFileSync(file('log'), 'utf8').match(
    /one \(\d+\) ended with exit code 3\n.* one is started again (?:in [\d.]+ s|at once)\n/g,
  )
  assert.ok((told?.length ?? 0) >= 4, `${told?.join('')}`)
})

test('what a child stored is there for the next, after a SIGKILL', LIMIT, async (t) => {
  const { start, lives, file } = stage(t, { one: 'store', two: 'plain' })
  start()
  await until(() => existsSync(file('one.sock')))
  await sleep(100)
  process.kill(lives('one')[0]!, 'SIGKILL')
  await until(() => existsSync(file('one.sock.inherited')) && readFileSync(file('one.sock.inherited')).length > 0)
  assert.equal(readFileSync(file('one.sock.inherited'), 'utf8'), 'pipe,3 kept')
})

test('a killed supervisor leaves its children, the next one adopts them, and learns of their end', LIMIT, async (t) => {
  const { start, lives, file } = stage(t, { one: 'store', two: 'plain' })
  const first = start()
  await until(() => existsSync(file('one.sock')) && existsSync(file('two.sock')))
  process.kill(first.pid, 'SIGKILL')
  await first.ended
  // As if it had been killed before it could write them.
  rmSync(file('two.pid'))
  const second = start()
  await until(() => readFileSync(file('log'), 'utf8').split('is adopted').length === 3)
  await sleep(300)
  assert.deepEqual([lives('one').length, lives('two').length], [1, 1])
  assert.equal(Number(readFileSync(file('two.pid'))), lives('two')[0])
  process.kill(lives('two')[0]!, 'SIGKILL')
  await until(() => lives('two').length === 2 && existsSync(file('two.sock')))
  assert.equal(lives('one').length, 1)
  process.kill(second.pid, 'SIGTERM')
  assert.equal((await second.ended).code, 0)
  assert.ok(![...lives('one'), ...lives('two')].some(alive))
})

test('SIGTERM stops the children, the last first, and leaves no file of a running one', LIMIT, async (t) => {
  const { start, lives, file } = stage(t, { one: 'store', two: 'plain' })
  const supervisor = start()
  await until(() => existsSync(file('one.sock')) && existsSync(file('two.sock')))
  process.kill(supervisor.pid, 'SIGTERM')
  assert.deepEqual(await supervisor.ended, { code: 0, signal: null })
  assert.deepEqual([lives('one').length, lives('two').length], [1, 1])
  assert.ok(![...lives('one'), ...lives('two')].some(alive))
  for (const name of ['one.pid', 'two.pid', 'supervisor.pid', 'notify.sock']) assert.ok(!existsSync(file(name)), name)
  const ends = readFileSync(file('log'), 'utf8').match(/(one|two) \(\d+\) ended/g)
  assert.deepEqual(
    ends?.map((line) => line.slice(0, 3)),
    ['two', 'one'],
  )
})

test('SIGUSR1 is passed on to the child that understands it', LIMIT, async (t) => {
  const { start, file } = stage(t, { one: 'store', two: 'plain' })
  const supervisor = start()
  await until(() => existsSync(file('one.sock')) && existsSync(file('two.sock')))
  process.kill(supervisor.pid, 'SIGUSR1')
  assert.equal((await supervisor.ended).code, 0)
  assert.equal(readFileSync(file('one.sock.signals'), 'utf8'), 'SIGUSR1\n')
  assert.equal(readFileSync(file('two.sock.signals'), 'utf8'), 'SIGTERM\n')
})

test('a child that does not stop is killed', LIMIT, async (t) => {
  const { start, lives, file } = stage(t, { one: 'stubborn' }, 300)
  const supervisor = start()
  await until(() => existsSync(file('one.sock')))
  process.kill(supervisor.pid, 'SIGTERM')
  assert.equal((await supervisor.ended).code, 0)
  assert.ok(!alive(lives('one')[0]!))
})

test('into the background: returns when all answer; a second start changes nothing', LIMIT, async (t) => {
  const { place, children, argv, start, lives } = stage(t, { one: 'plain', two: 'plain' })
  assert.match(await startInBackground({ place, children, argv }), /^insula-supervisor runs instance toy \(pid \d+\)/)
  assert.deepEqual([lives('one').length, lives('two').length], [1, 1])
  assert.match(await startInBackground({ place, children, argv }), /^insula-supervisor of instance toy runs already \(pid \d+\)$/)
  assert.equal((await start().ended).code, 9)
  assert.deepEqual([lives('one').length, lives('two').length], [1, 1])
})

test('into the background: the error names the log and its last line', LIMIT, async (t) => {
  const { place, children, argv, file } = stage(t, { one: 'fail' })
  await assert.rejects(
    startInBackground({ place, children, argv, patience: 2_000 }),
    (error: Error) =>
      error.message.includes('one of instance toy does not answer') &&
      error.message.endsWith(`its log ${file('logs/one.log')} ends with: toy speaks`),
  )
})

test('into the background: one that is slow, and has not ended, is waited for longer, and not without end', LIMIT, async (t) => {
  const slow = stage(t, { one: 'slow' })
  await startInBackground({ ...slow, patience: 2_000 })
  const mute = stage(t, { one: 'mute' })
  await assert.rejects(startInBackground({ ...mute, patience: 500 }), /does not answer on .* after [2-9] s, and is being/)
  assert.deepEqual([slow.lives('one').length, mute.lives('one').length], [1, 1])
})

test('into the background: a supervisor that cannot run is an error at once', LIMIT, async (t) => {
  const { place, children } = stage(t, { one: 'plain' })
  const argv = [process.execPath, '-e', 'console.error("no such thing"); process.exit(4)'] as const
  await assert.rejects(
    startInBackground({ place, children, argv }),
    /ended at once; its log .*supervisor\.log ends with: no such thing$/,
  )
})

test('a log over 10 MB is put aside', (t) => {
  const { file } = stage(t, {})
  const log = file('some.log')
  rotate(log)
  writeFileSync(log, 'x')
  rotate(log)
  assert.ok(existsSync(log))
  truncateSync(log, 10 * 1024 * 1024 + 1)
  rotate(log)
  assert.ok(!existsSync(log))
  assert.equal(statSync(`${log}.1`).size, 10 * 1024 * 1024 + 1)
  assert.equal(lastLine(log), '')
})

function program(text: string): readonly [string, ...string[]] {
  return [process.execPath, '--input-type=module', '-e', text]
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 15_000; !condition(); await sleep(20)) {
    if (performance.now() > deadline) throw new Error(`waited 15 s in vain for: ${condition.toString()}`)
  }
}

/** A zombie is not: where nobody reaps, it stays for ever. */
function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z'
  } catch {
    return false
  }
}

/** Not another process that got the pid meanwhile. */
function isOf(run: string, pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(run)
  } catch {
    return false
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}
