/** Imports an archive and is killed in the middle of a step: `import-child.ts VOLUME ARCHIVE STEP`. */

import { confinedRunner, realFileCalls, realPrivateMounts, realProcessRunner, realQuota } from '@insula/kernel'
import { openVzfs } from '@insula/vzfs'
import { importTemplate } from '../import/import.ts'

const [volume = '', archive = '', step = ''] = process.argv.slice(2)
const vzfs = await openVzfs(volume, { files: realFileCalls(), quota: realQuota, warn: () => undefined })
const runner = realProcessRunner()
const runConfined = confinedRunner(runner, realPrivateMounts())
await importTemplate('imported', archive, {
  vzfs,
  runner,
  runConfined,
  onProgress(progress) {
    if (progress.step === step) process.kill(process.pid, 'SIGKILL')
  },
})
