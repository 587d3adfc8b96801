/** insula-keeper: the process. `insula-keeper.ts --instance NAME`. */

import { enableCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { instanceOf } from './instance.ts'
import { runKeeper } from './keeper/run.ts'

enableCompileCache()
const { values } = parseArgs({ options: { instance: { type: 'string', default: 'insula' } } })
await runKeeper(instanceOf(values.instance))
