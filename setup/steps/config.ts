/** /etc/insula/INSTANCE.json: what the administrator chose, and an address pool that collides with nothing. */

import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Config, readConfig } from '@insula/node'
import { checkAddressPool, chooseAddressPool, type TakenNetwork } from '../address-pool.ts'
import { contentsOf, writeWhole } from '../files.ts'
import type { Plan, Setting, Work } from '../work.ts'

export const planConfig: Plan = async (setting) => {
  const { instance, options } = setting
  const before = readConfig(instance.configFile)
  const wanted: Config = {
    ...before,
    ...(options.volume === undefined ? {} : { volume: options.volume }),
    ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
    addressPool: await addressPool(setting, before),
  }
  if (contentsOf(instance.configFile) !== null && JSON.stringify(wanted) === JSON.stringify(before)) return []
  const chosen = Object.entries(wanted).map(([name, value]) => `${name} ${String(value)}`)
  const work: Work = {
    what: `write ${instance.configFile} (${chosen.join(', ')})`,
    run: async () => writeWhole(instance.configFile, `${JSON.stringify(wanted, null, 2)}\n`),
  }
  return [work]
}

async function addressPool(setting: Setting, before: Config): Promise<string> {
  const wished = setting.options.addressPool
  const current = before.addressPool
  if (current !== undefined && (wished ?? current) === current) return current
  const taken = await takenNetworks(setting)
  if (wished === undefined) return chooseAddressPool(taken)
  checkAddressPool(wished, taken)
  return wished
}

/** The node's own, without what VPSs have, and other instances' pools. */
async function takenNetworks({ machine, instance }: Setting): Promise<TakenNetwork[]> {
  const own = (await machine.links.networks())
    .filter(({ device }) => !device.startsWith(`${instance.linkPrefix}.`))
    .map(({ cidr, device }) => ({ cidr, holder: device }))
  return [...own, ...otherPools(instance.configFile)]
}

function otherPools(ours: string): TakenNetwork[] {
  const directory = dirname(ours)
  return entriesOf(directory)
    .map((name) => join(directory, name))
    .filter((file) => file.endsWith('.json') && file !== ours)
    .flatMap((file) => {
      const pool = readConfig(file).addressPool
      return pool === undefined ? [] : [{ cidr: pool, holder: file }]
    })
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
