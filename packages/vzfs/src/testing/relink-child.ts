/** A process that relinks one area and is killed before its nth change. */

import { relinkHere } from './relink-here.ts'

const [volume = '', area = '', layer = '', steps = ''] = process.argv.slice(2)
let left = Number(steps)
await relinkHere(volume, Number(area), [layer], () => {
  left--
  if (left === 0) process.kill(process.pid, 'SIGKILL')
})
