/**
 * Fills Node's compile cache (NODE_COMPILE_CACHE) with all modules of the checkout whose root is the argument: in the emulated machine, to
 * compile the TypeScript of one process takes longer than everything else that it does.
 */

import { globSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [root = ''] = process.argv.slice(2)
/** Modules are compiled before the first of them runs, and this one runs first: nothing happens. */
const STOP = 'data:text/javascript,throw 0'

for (const file of globSync('{packages,setup,tests}/**/*.ts', { cwd: root, exclude: (path) => path.includes('node_modules') })) {
  const both = [STOP, pathToFileURL(join(root, file)).href].map((name) => `import ${JSON.stringify(name)}`).join('\n')
  await import(`data:text/javascript,${encodeURIComponent(both)}`).catch((reason: unknown) => {
    if (reason !== 0) throw new Error(`${file} cannot be compiled`, { cause: reason })
  })
}
flushCompileCache()
