/** Builds `micro` on a volume again and again, until it is killed. */

import { confinedRunner, realFileCalls, realPrivateMounts, realProcessRunner, realQuota } from '@insula/kernel'
import { shippedDefinitions } from '@insula/templates'
import { openVzfs } from '@insula/vzfs'
import { templateShelf } from '../../templates-on-vzfs.ts'
import { openDefinitions } from '../shelf.ts'

const [volume = '', own = ''] = process.argv.slice(2)
const vzfs = await openVzfs(volume, { files: realFileCalls(), quota: realQuota, warn: () => undefined })
const runner = realProcessRunner()
const definitions = openDefinitions({ shipped: shippedDefinitions, own })
const shelf = templateShelf({
  vzfs,
  runner,
  runConfined: confinedRunner(runner, realPrivateMounts()),
  treeCache: undefined,
  definitions,
})
const options = { mirror: undefined, signal: new AbortController().signal, onProgress: () => undefined }
for (;;) await shelf.build('micro', options)
