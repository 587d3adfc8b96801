/**
 * `npm run bench:vzfs`: what files cost inside a VPS on VZFS, beside the same tree as plain files on the same file system, and what ten VPSs take of disk
 * and RAM, beside ten copies and ten image files. Needs root. `-- --quick` is a look.
 */

import { benchNode } from './node.ts'
import { costs } from './vzfs/cost.ts'
import { places } from './vzfs/places.ts'
import { sharing } from './vzfs/sharing.ts'

const quick = process.argv.includes('--quick')
const say = (text: string): void => void process.stderr.write(`${text}\n`)

await using node = await benchNode('bench-vzfs', '10.121.0.0/16')
say('template debian-12')
await node.insula('template', 'build', 'debian-12')
await node.insula('create', 'measured', '--template', 'debian-12', '--ip', 'auto', '--start', '--wait-booted')
await using where = await places(node, 'measured')
console.log(await costs(where, quick ? 1 : 5, say))
console.log(await sharing(node, where, quick ? 3 : 10, say))
