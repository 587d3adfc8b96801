import { closeSync, read, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { startAttached } from '../process/attached.ts'
import { openPipe } from '../pty/pty.ts'
import { exitConformance, type StartProcess } from './conformance.ts'
import { realExitWatch } from './real.ts'
import { becomeSubreaper } from './strays.ts'

/** Says its pid, and ends with the code that it is told. */
const CHILD = 'syswrite(STDOUT, $$); exit(<STDIN> // 0)'
/** Its parent lives on and waits for it. */
const OTHER = `my $pid = fork() // die; if ($pid) { waitpid($pid, 0); exit } ${CHILD}`

/** setsid forks and ends: what it started has us for its parent then, and Node does not know of it. */
const start =
  (program: string): StartProcess =>
  async () => {
    const [input, output] = [openPipe(), openPipe()]
    const { ended } = startAttached(['setsid', '--fork', 'perl', '-e', program], {
      descriptors: [input.read, output.write, 'null'],
    })
    for (const end of [input.read, output.write]) closeSync(end)
    const said = Buffer.alloc(16)
    const { bytesRead } = await promisify(read)(output.read, said, 0, said.length, null)
    await ended
    closeSync(output.read)
    const pid = Number(said.toString('utf8', 0, bytesRead))
    return {
      pid,
      exit(code) {
        writeSync(input.write, `${code}\n`)
        closeSync(input.write)
      },
      kill(signal) {
        process.kill(pid, signal)
        closeSync(input.write)
      },
    }
  }

exitConformance('the real driver', async () => {
  becomeSubreaper()
  return {
    exits: realExitWatch(),
    startChild: start(CHILD),
    startOther: start(OTHER),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
