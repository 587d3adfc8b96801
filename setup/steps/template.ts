/** The OS template that the first VPS is made from. */

import { answers, nodeApi } from '../api.ts'
import { insula } from '../insula.ts'
import { onVolume, unlessThere } from '../on-volume.ts'
import type { Plan, Setting } from '../work.ts'

export const TEMPLATE = 'debian-12'

export const planTemplate: Plan = async (setting) => {
  const build = { what: `build ${TEMPLATE} from Debian's packages`, run: () => insula(setting, ['template', 'build', TEMPLATE]) }
  if (!(await answers(setting.instance))) {
    const seen = await onVolume(setting)
    if (seen === null) return [{ ...build, what: `${build.what}, ${unlessThere(setting)}` }]
    return seen.templates.has(TEMPLATE) ? [] : [build]
  }
  const { templates } = await nodeApi(setting.instance).templateList()
  if (templates.some(({ name }) => name === TEMPLATE)) return []
  const task = await unfinishedBuild(setting)
  if (task === null) return [build]
  const wait = (): Promise<void> => insula(setting, ['task', 'show', `${task}`, '--wait'])
  return [{ what: `wait for ${TEMPLATE}, which task ${task} is building already`, run: wait }]
}

/** Of a ./up that was killed: the daemon goes on with it. */
async function unfinishedBuild({ instance }: Setting): Promise<number | null> {
  const client = nodeApi(instance)
  const unfinished = (['running', 'queued'] as const).map(async (state) => client.taskList({ query: { state } }))
  const tasks = (await Promise.all(unfinished)).flatMap((answer) => answer.tasks)
  return tasks.find(({ kind, subject }) => kind === 'template.build' && subject.startsWith(TEMPLATE))?.id ?? null
}
