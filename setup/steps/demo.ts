/** A first VPS to look at. */

import { answers, nodeApi } from '../api.ts'
import { insula } from '../insula.ts'
import { onVolume, unlessThere } from '../on-volume.ts'
import type { Plan, Setting, Work } from '../work.ts'
import { TEMPLATE } from './template.ts'

export const DEMO = 'demo'
const PATIENCE_S = 120
/** The next that a newcomer does is to look inside. */
const BOOTED = ['--wait-booted', '--boot-timeout', '5m'] as const

export const planDemo: Plan = async (setting) => {
  if (!setting.options.demo) return []
  const create: Work = {
    what: `create the VPS ${DEMO} and start it`,
    run: () => insula(setting, ['create', DEMO, '--template', TEMPLATE, '--ip', 'auto', '--start', ...BOOTED]),
  }
  const start: Work = { what: `start the VPS ${DEMO}`, run: () => startDemo(setting) }
  if (!(await answers(setting.instance))) {
    const seen = await onVolume(setting)
    if (seen === null) return [{ ...create, what: `${create.what}, ${unlessThere(setting)}` }]
    const runs = seen.vpss.get(DEMO)
    return runs === undefined ? [create] : runs ? [] : [start]
  }
  const found = await findDemo(setting)
  if (found === null) return [create]
  return found.state === 'stopped' ? [start] : []
}

/** The daemon may just be doing so, when the administrator has given it --onboot. */
async function startDemo(setting: Setting): Promise<void> {
  const client = nodeApi(setting.instance)
  const { tasks } = await client.taskList({ query: { vps: DEMO } })
  for (const { id, endedAt } of tasks)
    if (endedAt === null) await client.taskShow({ params: { task: id }, query: { wait: PATIENCE_S } })
  if ((await findDemo(setting))?.state === 'stopped') await insula(setting, ['start', DEMO, ...BOOTED])
}

export async function findDemo({ instance }: Setting): Promise<{ state: string; addresses: readonly string[] } | null> {
  if (!(await answers(instance))) return null
  const { vps } = await nodeApi(instance).vpsList()
  return vps.find(({ name }) => name === DEMO) ?? null
}
