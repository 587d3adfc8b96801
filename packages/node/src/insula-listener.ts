/** insula-listener: the process, a child of the keeper. `insula-listener.ts --instance NAME --keeper PID --serve calls|mounts`. */

import { enableCompileCache, flushCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { instanceOf } from './instance.ts'
import { runListener } from './listener/run.ts'

enableCompileCache()
const { values } = parseArgs({
  options: {
    instance: { type: 'string', default: 'insula' },
    keeper: { type: 'string', default: '0' },
    serve: { type: 'string', default: 'calls' },
  },
})
// It never comes to the moment at which Node would write it.
flushCompileCache()
runListener(instanceOf(values.instance), Number(values.keeper), values.serve === 'mounts' ? 'mounts' : 'calls')
