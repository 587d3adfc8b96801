/** Writes the golden files again: `npm run golden`. What changed in them is then part of the change that is reviewed. */

import { writeFileSync } from 'node:fs'
import { goldenFiles } from './golden-files.ts'

for (const { file, make } of goldenFiles) writeFileSync(file, await make())
