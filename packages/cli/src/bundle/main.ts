/** `node packages/cli/src/bundle/main.ts`: makes the bundle that bin/insula runs. */

import { buildBundle } from './build.ts'

await buildBundle()
