/** Whether what an installation keeps is where it should be: its configuration, its volume, its database. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '@insula/contract/light'
import { instanceOption } from '../transport/refused.ts'
import { finding, type Installation } from './installation.ts'

export function examineData(installation: Installation): Finding[] {
  const { places, instance, proc } = installation
  const up = `sudo ./up${instanceOption(instance)} in the checkout`
  const config = configIn(places.configFile)
  if (config instanceof Error) {
    return [
      finding(
        'error',
        'configuration',
        `${places.configFile} cannot be read: ${config.message}`,
        'put it right; insulad reads it when it starts',
      ),
    ]
  }
  const { volume: brought } = config
  return [
    brought === undefined
      ? isMounted(places.volume, proc)
        ? finding('ok', 'volume', `${places.volume} is mounted`)
        : finding(
            'error',
            'volume',
            notMounted(places),
            `${up} ${existsSync(places.volumeImage) ? 'mounts it' : 'makes another'}`,
          )
      : existsSync(join(brought, 'pool'))
        ? finding('ok', 'volume', `${brought} is there`)
        : finding(
            'error',
            'volume',
            `${brought} holds no VPSs: it is not mounted, or is another`,
            `mount what belongs there, then ${up}`,
          ),
    existsSync(places.database)
      ? finding('ok', 'database', `${places.database} is there`)
      : finding(
          'error',
          'database',
          `${places.database} is missing`,
          `${up} begins a new one; then \`insula recover${instanceOption(instance)}\` fills it from the VPSs' own records`,
        ),
  ]
}

function notMounted({ volume, volumeImage }: Installation['places']): string {
  return existsSync(volumeImage) ? `${volumeImage} is not mounted on ${volume}` : `the volume ${volumeImage} is missing`
}

function configIn(file: string): { readonly volume?: string } | Error {
  try {
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { volume?: string }) : {}
  } catch (error) {
    return error as Error
  }
}

/** proc_pid_mountinfo(5): the fifth word is where. */
function isMounted(path: string, proc: string): boolean {
  return readFileSync(join(proc, 'self/mountinfo'), 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === path)
}
