/** Updates of the fake node: its VPSs wait for one package each. */

import type { Task, Vps } from '@insula/contract'
import type { FakeState } from './fake-state.ts'
import { task } from './fake-task.ts'

export function updateAnswer(
  state: FakeState,
  name: 'updateStatus' | 'updateApply',
  body: Record<string, unknown>,
  wait: number,
): object | Promise<{ task: Task }> {
  const all = [...state.vps.values()]
  if (name === 'updateStatus') return { updates: all.map(statusOf) }
  const { vps: named } = body['select'] as { readonly vps?: readonly string[] }
  const chosen = named === undefined ? all : all.filter((vps) => named.includes(vps.name))
  return task(state, 'update.apply', null, `${chosen.length} VPSs`, wait, () =>
    Object.assign(state.tasks.at(-1) ?? {}, {
      result: {
        app: 'updates',
        vps: chosen.map((vps) =>
          vps.updates === 'pinned' && named === undefined
            ? {
                vps: vps.id,
                name: vps.name,
                outcome: 'unchanged',
                message: `it is pinned to ${vps.template}; by its name it is updated`,
              }
            : { vps: vps.id, name: vps.name, outcome: 'done', message: `1 packages, ${LATEST}` },
        ),
      },
    }),
  )
}

const LATEST = 'debian-12@2026-02-01.1'

const statusOf = ({ id, name, updates, updatedTo, template }: Vps) => ({
  vps: id,
  name,
  policy: updates,
  at: updatedTo ?? template,
  latest: LATEST,
  packages: updatedTo === LATEST ? 0 : 1,
})
