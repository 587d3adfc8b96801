/**
 * Fills Node's compile cache (NODE_COMPILE_CACHE) with the modules of a checkout and what they import. `compile-ahead.ts ROOT GLOB...`. A process that
 * has to compile its own TypeScript keeps the compiler in memory: 20 MB for as long as it runs. And in an emulated machine it takes longer than
 * everything else that it does.
 */

import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [root = '', ...globs] = process.argv.slice(2)
/** Modules are compiled before the first of them runs, and this one runs first: nothing happens. */
const STOP = 'data:text/javascript,throw 0'

for (const file of globSync(globs, { cwd: root, exclude: (path) => path.includes('node_modules') })) {
  const both = [STOP, pathToFileURL(join(root, file)).href].map((name) => `import ${JSON.stringify(name)}`).join('\n')
  await import(`data:text/javascript,${encodeURIComponent(both)}`).catch((reason: unknown) => {
    if (reason !== 0) throw new Error(`${file} cannot be compiled`, { cause: reason })
  })
}
