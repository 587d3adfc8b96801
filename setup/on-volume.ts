/** What an installation has on its volumes, seen without its daemon. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { realCgroups } from '@insula/kernel'
import { readConfig } from '@insula/node'
import { volumePaths } from '@insula/vzfs'
import { furtherVolumes } from './further-volumes.ts'
import type { Setting } from './work.ts'

export interface OnVolume {
  /** Names, without versions. */
  readonly templates: ReadonlySet<string>
  /** By name: whether processes of it run. */
  readonly vpss: ReadonlyMap<string, boolean>
}

/** null: there is a volume, and it is not mounted. */
export async function onVolume({ instance, machine, options }: Setting): Promise<OnVolume | null> {
  const brought = options.volume ?? readConfig(instance.configFile).volume
  if (brought === undefined && !(await machine.volumes.mounted(instance.volume)) && existsSync(instance.volumeImage)) return null
  const first = volumePaths(normalize(brought ?? instance.volume))
  const cgroups = realCgroups()
  const vpss = new Map<string, boolean>()
  for (const { areas } of [first, ...furtherVolumes(instance).map(({ path }) => volumePaths(path))])
    for (const id of entriesOf(areas)) {
      const name = nameIn(join(areas, id, 'record.json'))
      if (name !== null) vpss.set(name, (await cgroups.processes(`${instance.cgroup}/${id}`)).length > 0)
    }
  return { templates: new Set(entriesOf(first.layers).map((layer) => layer.split('@')[0] ?? '')), vpss }
}

/** What nobody can know before it is mounted. */
export const unlessThere = ({ instance }: Setting): string => `if it is not on ${instance.volumeImage}, which is not mounted yet`

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function nameIn(record: string): string | null {
  try {
    return (JSON.parse(readFileSync(record, 'utf8')) as { name?: string }).name ?? null
  } catch {
    return null
  }
}
