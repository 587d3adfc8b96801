/** A first VPS to look at. */

import { answers, nodeApi } from '../api.ts'
import { insula } from '../insula.ts'
import type { Plan, Setting, Work } from '../work.ts'
import { TEMPLATE } from './template.ts'

export const DEMO = 'demo'
/** The next that a newcomer does is to look inside. */
const BOOTED = ['--wait-booted', '--boot-timeout', '5m'] as const

export const planDemo: Plan = async (setting) => {
  if (!setting.options.demo) return []
  const found = await findDemo(setting)
  if (found === null) {
    const create = ['create', DEMO, '--template', TEMPLATE, '--ip', 'auto', '--start', ...BOOTED] as const
    return [{ what: `create the VPS ${DEMO} and start it`, run: () => insula(setting, create) }]
  }
  const start: Work = { what: `start the VPS ${DEMO}`, run: () => insula(setting, ['start', DEMO, ...BOOTED]) }
  return found.state === 'stopped' ? [start] : []
}

export async function findDemo({ instance }: Setting): Promise<{ state: string; addresses: readonly string[] } | null> {
  if (!(await answers(instance))) return null
  const { vps } = await nodeApi(instance).vpsList()
  return vps.find(({ name }) => name === DEMO) ?? null
}
