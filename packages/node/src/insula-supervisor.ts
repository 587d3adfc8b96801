/**
 * insula-supervisor: the process, for machines whose PID 1 is not systemd. `insula-supervisor.ts --instance NAME [--daemon]`: with --daemon
 * it goes into the background and the command returns when the node answers.
 */

import { parseArgs } from 'node:util'
import { instanceOf } from './instance.ts'
import { childrenOf, NODE } from './supervisor/children.ts'
import { alreadyRuns, runSupervisor } from './supervisor/run.ts'

const { values } = parseArgs({
  options: { instance: { type: 'string', default: 'insula' }, daemon: { type: 'boolean', default: false } },
})
try {
  const instance = instanceOf(values.instance)
  if (values.daemon) {
    // Its modules would stay in the memory of a process that runs for years.
    const { startInBackground } = await import('./supervisor/background.ts')
    const argv = [...NODE, import.meta.filename, '--instance', instance.name] as const
    console.log(await startInBackground({ place: instance, children: childrenOf(instance), argv }))
  } else if (!(await runSupervisor(instance, childrenOf(instance)))) {
    console.log(alreadyRuns(instance))
  }
  process.exit(0)
} catch (error) {
  console.error(`insula-supervisor: ${(error as Error).message}`)
  process.exit(1)
}
