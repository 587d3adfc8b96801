/** A process that relinks one area and is killed before its nth change. */

import type { Share } from '../relink/report.ts'
import { relinkHere } from './relink-here.ts'

const [volume = '', area = '', layer = '', steps = '', share = 'all'] = process.argv.slice(2)
let left = Number(steps)
const step = (): void => {
  left--
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
await relinkHere(volume, Number(area), [layer], step, share as Share)
