/** The apps of a VPS as its record says, in the database and in the private area. */

import type { Means } from '../means.ts'
import type { AppRecord, VpsRecord } from '../record.ts'

/** Keeps its place among the others. */
export function withApp(apps: readonly AppRecord[], entry: AppRecord): AppRecord[] {
  const there = apps.some(({ name }) => name === entry.name)
  return there ? apps.map((one) => (one.name === entry.name ? entry : one)) : [...apps, entry]
}

export const setApp = (means: Means, id: number, entry: AppRecord): Promise<void> =>
  changeApps(means, id, (apps) => withApp(apps, entry))

/** @param left packages that came with it and stay for the others: they go with the last one that needs them */
export const dropApp = (means: Means, id: number, name: string, left: readonly string[] = []): Promise<void> =>
  changeApps(means, id, (apps) =>
    apps.filter((one) => one.name !== name).map((one) => ({ ...one, came: [...new Set([...one.came, ...left])] })),
  )

/** Why what was begun with an app has not come to its end. One with which nothing was begun is left as it is. */
export async function leftWith(means: Means, id: number, name: string, problem: string): Promise<void> {
  const isBegun = ({ name: its, state }: AppRecord): boolean => its === name && state !== 'ready' && state !== 'pending'
  if (means.inventory.get(id)?.apps.some(isBegun) !== true) return
  await changeApps(means, id, (apps) => apps.map((one) => (isBegun(one) ? { ...one, problem } : one)))
}

async function changeApps(means: Means, id: number, change: (apps: readonly AppRecord[]) => AppRecord[]): Promise<void> {
  await writeVps(means, id, { apps: change(means.inventory.get(id)?.apps ?? []) })
}

export async function writeVps({ inventory, vzfs, events }: Means, id: number, fields: Partial<VpsRecord>): Promise<VpsRecord> {
  const before = inventory.get(id)
  const after = await inventory.change(id, fields)
  try {
    await vzfs.areas.writeRecord(id, after)
  } catch (error) {
    // The disk may be full, and the copy is what a recovery would find.
    const was = Object.entries(before ?? {}).filter(([field]) => Object.hasOwn(fields, field))
    await inventory.change(id, Object.fromEntries(was))
    throw error
  }
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: ['apps'] } })
  return after
}
