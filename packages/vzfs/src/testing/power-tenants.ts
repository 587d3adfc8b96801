/** `tenants-work.ts` without end: `power-tenants.ts VOLUME`. What it has said must outlive a loss of power. */

import { writeSync } from 'node:fs'
import { realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { tenantsWork } from './tenants-work.ts'

const [path = ''] = process.argv.slice(2)
const files = realFileCalls()
const vzfs = await openVzfs(path, {
  files,
  quota: realQuota,
  warn: (message) => process.stderr.write(`${message}\n`),
  threads: 2,
})
await tenantsWork(files, vzfs, (told) => void writeSync(1, `${JSON.stringify(told)}\n`), Infinity)
