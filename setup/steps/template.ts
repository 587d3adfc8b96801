/** The OS template that the first VPS is made from. */

import { answers, nodeApi } from '../api.ts'
import { insula } from '../insula.ts'
import type { Plan } from '../work.ts'

export const TEMPLATE = 'debian-12'

export const planTemplate: Plan = async (setting) => {
  if (await answers(setting.instance)) {
    const { templates } = await nodeApi(setting.instance).templateList()
    if (templates.some(({ name }) => name === TEMPLATE)) return []
  }
  return [{ what: `build ${TEMPLATE} from Debian's packages`, run: () => insula(setting, ['template', 'build', TEMPLATE]) }]
}
