/** insulad: the process. `insulad.ts --instance NAME`. */

import { enableCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { readConfig } from './config.ts'
import { instanceOf } from './instance.ts'

enableCompileCache()
const { values } = parseArgs({ options: { instance: { type: 'string', default: 'insula' } } })
const instance = instanceOf(values.instance)
process.title = `insulad ${instance.name}`

const { openLog } = await import('./log.ts')
const log = openLog(instance.name)
// After a fault that nobody foresaw the state in memory is not to be trusted: another process begins anew, and VPSs go on.
process.on('uncaughtException', (error) => {
  log('insulad ends because of an internal fault', error)
  process.exit(1)
})
try {
  const { openNode, realDrivers } = await import('./compose.ts')
  const config = readConfig(instance.configFile)
  const node = await openNode(instance, config, await realDrivers(instance, config, log), log)
  log(`insulad serves instance ${instance.name}`)
  const stop = (): void => {
    void Promise.resolve(node[Symbol.asyncDispose]()).finally(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
} catch (error) {
  log(`insulad cannot serve instance ${instance.name}`, error)
  process.exit(1)
}
