/** Mounts an instance's volume at boot: `attach-volume.ts --instance NAME`. It makes none: that is for ./up. */

import { existsSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { instanceOf, readConfig } from '@insula/node'
import { realMachine } from './machine.ts'

const { values } = parseArgs({ options: { instance: { type: 'string', default: 'insula' } } })
const instance = instanceOf(values.instance)
if (readConfig(instance.configFile).volume === undefined) {
  if (!existsSync(instance.volumeImage)) {
    console.error(`instance ${instance.name} has no volume (${instance.volumeImage} is missing); ./up makes one`)
    process.exit(1)
  }
  await realMachine().volumes.ensureLoopVolume(instance.volumeImage, instance.volume, statSync(instance.volumeImage).size)
}
