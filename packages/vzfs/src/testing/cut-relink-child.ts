/** Takes back what an area shares, and kills itself when that is decided and nothing has been done of it. */

import { existsSync } from 'node:fs'
import { volumePaths } from '../volume-paths.ts'
import { relinkHere } from './relink-here.ts'

const [volume = '', area = '', layer = ''] = process.argv.slice(2)
const { relink } = volumePaths(volume).area(Number(area))
await relinkHere(
  volume,
  Number(area),
  [layer],
  () => {
    if (existsSync(relink)) process.kill(process.pid, 'SIGKILL')
  },
  'none',
)
