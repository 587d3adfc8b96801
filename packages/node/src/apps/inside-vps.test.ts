import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { ExecEnd, ExecRequest, ExecSession, OutputSink } from '../keeper/keeper.ts'
import { insideVps } from './inside-vps.ts'

const never = new AbortController().signal
const PATIENCE_MS = 20

interface Command {
  readonly request: ExecRequest
  readonly sink: OutputSink
  readonly signals: string[]
  closed: boolean
  end(how: ExecEnd): void
}

/** A keeper that runs nothing: the test says what becomes of each command. `write` never resolves: nobody reads. */
function openKeeper(begun: (command: Command) => void) {
  const commands: Command[] = []
  return {
    commands,
    exec: async (_id: string, request: ExecRequest, sink: OutputSink): Promise<ExecSession> => {
      const { promise: ended, resolve } = Promise.withResolvers<ExecEnd>()
      const command: Command = { request, sink, signals: [], closed: false, end: resolve }
      commands.push(command)
      begun(command)
      return {
        write: () => new Promise(() => undefined),
        end: () => undefined,
        resize: () => undefined,
        pause: () => undefined,
        resume: () => undefined,
        close: () => void (command.closed = true),
        signal: (name) => void command.signals.push(name),
        ended,
      }
    },
  }
}

test('what no kill ends, since it has left its mark or its shell does not come back, is not waited for', async () => {
  const keeper = openKeeper(() => undefined)
  const result = await insideVps(keeper, 101, never, PATIENCE_MS).run(['apt-get'], { seconds: 0.01 })
  assert.deepEqual([result.code, result.late], [null, true])
  const [command, ...killers] = keeper.commands
  assert.deepEqual([command?.signals.includes('SIGKILL'), command?.closed], [true, true])
  await new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS))
  assert.ok(killers.length > 0 && killers.every(({ closed }) => closed))
})

test('nor is what is cancelled', async () => {
  const controller = new AbortController()
  const keeper = openKeeper(() => controller.abort())
  await assert.rejects(insideVps(keeper, 101, controller.signal, PATIENCE_MS).run(['apt-get'], { seconds: 60 }), /abort/)
})

test('what has ended is not fed any more, though nobody reads', async () => {
  const keeper = openKeeper(({ end }) => end({ code: 0 }))
  const input = Readable.from([Buffer.from('one'), Buffer.from('two')])
  assert.equal((await insideVps(keeper, 101, never, PATIENCE_MS).run(['tar'], { input })).code, 0)
})

test('input that cannot be read ends the command, and is why it failed', async () => {
  const lost = new Readable({
    read() {
      this.destroy(new Error('ENOENT: no such file'))
    },
  })
  const keeper = openKeeper((command) => {
    const { signals } = command
    command.signals.push = (...names) => (command.end({ signal: 'SIGKILL', number: 9 }), signals.length + names.length)
  })
  await assert.rejects(insideVps(keeper, 101, never, PATIENCE_MS).run(['tar'], { input: lost }), /ENOENT/)
})

test('what writes without end is killed, and no more of it is taken', async () => {
  const chunk = Buffer.from('a line of text\n'.repeat(4_096))
  const keeper = openKeeper(({ request, sink, signals, end }) => {
    if (request.argv[0] !== 'yes') return end({ code: 0 })
    const write = async (): Promise<void> => {
      while (!signals.includes('SIGKILL')) {
        sink.stdout(chunk)
        sink.stderr(chunk)
        await turn()
      }
      end({ code: 0 })
    }
    void write()
  })
  let lines = 0
  const { code, stdout, tail, late } = await insideVps(keeper, 101, never, PATIENCE_MS).run(['yes'], {
    onLine: () => (lines += 1),
  })
  assert.deepEqual([code, late], [null, false])
  assert.match(tail.at(-1) ?? '', /it wrote more than 16 MiB/)
  assert.ok(stdout.length <= 16 << 20 && lines < 2 << 20)
})
