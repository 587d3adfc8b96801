/** The data of the instance: database, volume, configuration, logs. */

import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, normalize } from 'node:path'
import { readConfig } from '@insula/node'
import { volumeParts } from '@insula/vzfs'
import { furtherVolumes } from '../further-volumes.ts'
import { GROUP, groupExists } from '../steps/processes.ts'
import { type Plan, type Setting, SetupFailed, type Work } from '../work.ts'
import { otherInstances } from './files.ts'

const CACHE = '/var/cache/insula'

export const planPurge: Plan = async (setting) => {
  const { instance } = setting
  const further = furtherVolumes(instance).flatMap(({ path, image }) => (image === null ? volumeParts(path) : [image]))
  const trees = [...broughtVolume(setting), ...further, instance.state, instance.logs, instance.run, instance.configFile]
  return [
    ...trees.filter((path) => existsSync(path)).map(removeTree),
    ...(otherInstances(setting).length === 0 ? planShared(setting) : []),
  ]
}

/** Of a directory that the administrator brought, only what VZFS made in it. */
function broughtVolume({ instance }: Setting): string[] {
  const { volume } = readConfig(instance.configFile)
  if (volume === undefined) return []
  return volumeParts(normalize(volume))
}

function planShared({ machine, instance }: Setting): Work[] {
  const group: Work = { what: `remove the group ${GROUP}`, run: () => machine.runner.run(['groupdel', GROUP]) }
  const parents = [instance.state, instance.logs, instance.run, instance.configFile].map(dirname)
  const empty: Work = { what: 'remove what is empty then', run: async () => parents.forEach(removeIfEmpty) }
  return [
    ...(existsSync(CACHE) ? [removeTree(CACHE)] : []),
    ...(groupExists() ? [group] : []),
    ...(parents.some((path) => existsSync(path)) ? [empty] : []),
  ]
}

function removeTree(path: string): Work {
  return {
    what: `remove ${path}`,
    run: async () => {
      const mount = mountBelow(path)
      if (mount !== null) throw new SetupFailed(`${path} cannot be removed: ${mount} is mounted`, `umount ${mount}`)
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** rm follows into what is mounted. */
function mountBelow(path: string): string | null {
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  return targets.find((target) => target === path || target.startsWith(`${path}/`)) ?? null
}

function removeIfEmpty(directory: string): void {
  if (existsSync(directory) && readdirSync(directory).length === 0) rmdirSync(directory)
}
