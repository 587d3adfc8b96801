/** `npm run lab`: a shell in a machine of the lab, or one command: `npm run lab -- COMMAND...`. Exits with its exit code. */

import { startMachine } from './machine.ts'
import { missing } from './needs.ts'
import { bringTrees } from './support.ts'

const words = process.argv.slice(2)
const say = (what: string): void => console.error(what)
const lacking = missing()
if (lacking !== null) {
  say(`the lab cannot be started: ${lacking}`)
  process.exit(1)
}
await using machine = await startMachine({ say })
await bringTrees(machine)
say(`Debian 13 in QEMU, started in ${machine.startedIn.toFixed(1)} s; it is gone when this ends`)

const { stdin, stdout } = process
const terminal = stdin.isTTY && stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined
const [program = 'bash', ...rest] = words
const command = machine.start({
  argv: words.length === 0 ? ['bash', '-l'] : [program, ...rest],
  ...(terminal === undefined ? {} : { terminal }),
  onOutput: (stream, data) => void process[stream].write(data),
})
if (terminal !== undefined) {
  stdin.setRawMode(true)
  stdout.on('resize', () => command.resize(stdout.columns, stdout.rows))
}
stdin.on('data', (data: Buffer) => command.input(data))
stdin.on('end', () => command.input(null))
try {
  process.exitCode = await command.ended
} finally {
  if (terminal !== undefined) stdin.setRawMode(false)
  stdin.destroy()
}
