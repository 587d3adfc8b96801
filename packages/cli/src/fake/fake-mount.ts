/** Files of a VPS, as if they were mounted on the fake node. */

import type { Task, Vps, VpsMount, VpsMounted } from '@insula/contract'
import type { FakeState } from './fake-state.ts'
import { task } from './fake-task.ts'

export function mountedFiles(vps: number, name: string, { write = false, followLinks = false }: VpsMount): VpsMounted {
  const path = `/run/insula/insula/mounts/${vps}`
  return { vps, name, path, write, followLinks, since: '2026-01-02T03:04:05.000Z' }
}

export function mountAnswer(
  state: FakeState,
  kind: string,
  { id, name }: Vps,
  body: object,
  wait: number,
): Promise<{ task: Task }> {
  const result = mountedFiles(id, name, body)
  return task(state, kind, id, name, wait, () => void Object.assign(state.tasks.at(-1) ?? {}, { result }))
}
