/** Checks, repairs, collections and figures over several volumes, one after the other: they share the node's processors. */

import type { CheckReport, Collected, LayerResidency, Repaired } from '../reports.ts'
import type { JoinedVzfs, PresentVolume } from './joined.ts'

type Care = Pick<JoinedVzfs, 'examine' | 'repair' | 'collect' | 'space' | 'residency'>

export function careOf(present: () => PresentVolume[]): Care {
  const each = async <T>(body: (volume: PresentVolume) => Promise<T>): Promise<T[]> => {
    const all: T[] = []
    for (const volume of present()) all.push(await body(volume))
    return all
  }
  return {
    examine: async (options) => summed(await each(async (one) => placed(one.name, await one.vzfs.examine(options)))),

    async repair(options) {
      const reports = await each(async ({ name, vzfs, path }) => {
        const volumes = present()
          .map((other) => other.path)
          .filter((other) => other !== path)
        const done = await vzfs.repair({ ...options, volumes })
        return { ...placed(name, done), repaired: done.repaired.map((damage) => ({ ...damage, volume: name })) }
      })
      return { ...summed(reports), repaired: reports.flatMap(({ repaired }) => repaired) } satisfies Repaired
    },

    async collect(options) {
      const all = await each(({ vzfs }) => vzfs.collect(options))
      const sum = (of: (one: Collected) => number): number => all.reduce((total, one) => total + of(one), 0)
      return { files: sum((one) => one.files), bytes: sum((one) => one.bytes), dryRun: options?.dryRun ?? false }
    },

    space: (signal) => each(async ({ name, vzfs }) => ({ ...(await vzfs.space(signal)), volume: name })),

    async residency(running, files = 0) {
      const all = await each(async ({ name, vzfs }) => ({ ...(await vzfs.residency(running, files)), volume: name }))
      const layers = new Map<string, LayerResidency>()
      for (const one of all.flatMap((report) => report.layers)) {
        const other = layers.get(one.name)
        layers.set(one.name, other === undefined ? one : together(other, one, files))
      }
      return {
        layers: [...layers.values()],
        areas: all.flatMap(({ areas }) => areas),
        volumes: all.map(({ volume, resident, saved }) => ({ volume, resident, saved })),
        resident: all.reduce((total, { resident }) => total + resident, 0),
        saved: all.reduce((total, { saved }) => total + saved, 0),
      }
    },
  }
}

const placed = <Report extends CheckReport>(volume: string, report: Report): Report => ({
  ...report,
  damages: report.damages.map((damage) => ({ ...damage, volume })),
})

function summed(reports: readonly CheckReport[]): CheckReport {
  const sum = (of: (one: CheckReport) => number): number => reports.reduce((total, one) => total + of(one), 0)
  return {
    damages: reports.flatMap(({ damages }) => damages),
    orphans: { files: sum(({ orphans }) => orphans.files), bytes: sum(({ orphans }) => orphans.bytes) },
    looked: {
      layers: sum(({ looked }) => looked.layers),
      areas: sum(({ looked }) => looked.areas),
      contents: sum(({ looked }) => looked.contents),
      bytes: sum(({ looked }) => looked.bytes),
    },
    deep: reports.every(({ deep }) => deep),
  }
}

/** The same file on two volumes is two inodes, and takes RAM twice. */
const together = (a: LayerResidency, b: LayerResidency, told: number): LayerResidency => ({
  name: a.name,
  users: a.users + b.users,
  files: a.files + b.files,
  bytes: a.bytes + b.bytes,
  residentFiles: a.residentFiles + b.residentFiles,
  resident: a.resident + b.resident,
  saved: a.saved + b.saved,
  biggest: [...a.biggest, ...b.biggest].toSorted((one, other) => other.resident - one.resident).slice(0, told),
})
