/** A machine of the lab: a node with Debian 13 of its own, in QEMU, that is gone with the process that started it. */

import { mkdtempSync, openSync, closeSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { realProcessRunner, startAttached } from '@insula/kernel'
import { MachineGone, openChannel, type Remote, type RemoteCommand } from './channel.ts'
import { checkoutDisk } from './image/checkout.ts'
import { machineImage } from './image/machine.ts'
import { treesDisk } from './image/trees.ts'
import { COMPILE_CACHE, HOME } from './layout.ts'
import { consoleOf, portOf, qemuArgv } from './qemu.ts'

export interface RunInMachine {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds; the machine's own end of a command that does not end is to be killed. */
  readonly deadline?: number
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Machine extends AsyncDisposable {
  /** Seconds from QEMU's start until the first command could run. */
  readonly startedIn: number
  /** To its end; any exit code is an answer. @throws with the console's last lines when it does not end in time, or the machine does */
  run(argv: readonly [string, ...string[]], options?: RunInMachine): Promise<Answer>
  /** As `run`, and code 0 is asked for. Returns stdout. */
  ok(...argv: [string, ...string[]]): Promise<string>
  /** A command that is talked to. */
  start(command: Omit<Remote, 'cwd' | 'env'>): RemoteCommand
  /** In good order, as `systemctl reboot` does it. */
  reboot(): Promise<void>
  /** What the kernel and systemd wrote to the console. */
  console(): string
}

export interface MachineOptions {
  readonly memoryMegabytes?: number
  /** The directory of a network, and which of its two nodes this is. */
  readonly network?: { readonly directory: string; readonly node: 0 | 1 }
  readonly say?: (what: string) => void
  /** More of the kernel's command line. */
  readonly parameters?: string
  /** Milliseconds from QEMU's start until a command can run. */
  readonly startDeadline?: number
}

const START_MS = 180_000
const COMMAND_MS = 120_000
const REBOOT_MS = 300_000
/** Whatever happens to us, QEMU does not go on for longer. */
const LIFE_SECONDS = 14_400
/** A kernel that panics needs most of them; then the machine starts anew, which needs some. */
const CONSOLE_LINES = 100
const ENVIRONMENT = { HOME: '/root', TERM: 'xterm', INSULA_TEST_PATIENCE: '4', NODE_COMPILE_CACHE: COMPILE_CACHE }

export async function startMachine(options: MachineOptions = {}): Promise<Machine> {
  const { memoryMegabytes = 3072, network, say = () => {}, parameters = '', startDeadline = START_MS } = options
  const runner = realProcessRunner()
  await using undo = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), 'insula-lab-'))
  const forget = (): void => rmSync(directory, { recursive: true, force: true })
  // Also when a signal ends us. QEMU goes with us by itself.
  process.on('exit', forget)
  undo.defer(() => {
    process.off('exit', forget)
    forget()
  })
  const [image, trees] = [await machineImage(runner, say), await treesDisk(runner, say)]
  const checkout = await checkoutDisk(runner, directory)
  const parts = { image, trees, checkout, directory, memoryMegabytes, parameters }
  const argv = qemuArgv({ ...parts, network: network?.directory ?? directory, node: network?.node ?? 0 })

  const began = performance.now()
  const log = openSync(join(directory, 'qemu.log'), 'w')
  const dies = ['setpriv', '--pdeathsig', 'KILL'] as const
  const qemu = startAttached([...dies, 'timeout', '--signal=KILL', `${LIFE_SECONDS}`, ...dies, ...argv], {
    descriptors: ['null', log, log],
    // For what is written to its disks.
    env: { TMPDIR: '/var/tmp' },
  })
  closeSync(log)
  undo.defer(async () => {
    kill(qemu.pid)
    await qemu.ended
  })
  const console = (): string => readText(consoleOf(directory))
  const explained = (what: string): Error => {
    const tail = console().replaceAll('\r', '').trimEnd().split('\n').slice(-CONSOLE_LINES).join('\n')
    return new Error([what, readText(join(directory, 'qemu.log')), `Its console:\n${tail}`].filter(Boolean).join('\n'))
  }
  const within = async <T>(ms: number, what: string, work: Promise<T>): Promise<T> => {
    const done = new AbortController()
    try {
      return await Promise.race([
        work.catch((error: unknown) => Promise.reject(error instanceof MachineGone ? explained(error.message) : error)),
        sleep(ms, undefined, { signal: done.signal }).then(() => Promise.reject(explained(`${what} within ${ms / 1000} s`))),
        qemu.ended.then(({ code, signal }) => Promise.reject(explained(`QEMU ended with ${signal ?? code}`))),
      ])
    } finally {
      done.abort()
    }
  }

  const channel = await openChannel(portOf(directory))
  undo.defer(() => channel.close())
  await within(startDeadline, 'the machine did not start', channel.ready())
  const startedIn = (performance.now() - began) / 1000
  const owned = undo.move()

  const machine: Machine = {
    startedIn,
    console,
    start: (command) => channel.run({ cwd: HOME, env: ENVIRONMENT, ...command }),
    async run(argv, { input = '', env = {}, deadline = COMMAND_MS, onLine } = {}) {
      const output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
      const lines = onLine === undefined ? null : { stdout: lineReader(onLine, 'stdout'), stderr: lineReader(onLine, 'stderr') }
      const onOutput: Remote['onOutput'] = (stream, data) => {
        output[stream].push(data)
        lines?.[stream](data)
      }
      const command = channel.run({ argv, cwd: HOME, env: { ...ENVIRONMENT, ...env }, onOutput })
      if (input.length > 0) command.input(Buffer.from(input))
      command.input(null)
      try {
        const code = await within(deadline, `${argv.join(' ')} did not end in the machine`, command.ended)
        return { code, stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() }
      } catch (error) {
        command.kill()
        throw error
      }
    },
    async ok(...argv) {
      const { code, stdout, stderr } = await machine.run(argv)
      if (code !== 0) throw explained(`${argv.join(' ')} ended with ${code} in the machine: ${stderr}${stdout}`)
      return stdout
    },
    async reboot() {
      const ready = channel.ready()
      // Its end is the machine's.
      machine.start({ argv: ['systemctl', 'reboot'], onOutput: () => {} }).ended.catch(() => {})
      await within(REBOOT_MS, 'the machine did not come back', ready)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
  return machine
}

function lineReader(onLine: NonNullable<RunInMachine['onLine']>, stream: 'stdout' | 'stderr'): (data: Buffer) => void {
  let rest = ''
  return (data) => {
    const lines = (rest + data.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line, stream)
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function kill(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
