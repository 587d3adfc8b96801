/** Records as the API shows them. */

import type { Snapshot, Template, Vps } from '@insula/contract'
import type { AreaUsage, SnapshotInfo } from '@insula/vzfs'
import type { VpsRecord } from './record.ts'
import type { ShelvedTemplate } from './template-shelf.ts'

/** @param missing why its volume is not there */
export function presentVps(record: VpsRecord, usage: Vps['usage'], disk: AreaUsage | null, missing: string | null = null): Vps {
  const {
    cpuSet: _cpuSet,
    layers: _layers,
    init: _init,
    base: _base,
    held: _held,
    waits: _waits,
    snapshotsSince: _since,
    apps,
    ...shown
  } = record
  const moment = (seconds: number | null): string | null => (seconds === null ? null : new Date(seconds * 1000).toISOString())
  return {
    ...shown,
    problem: missing ?? shown.problem,
    apps: apps.map(({ came: _came, remains: _remains, pending: _pending, ...one }) => one),
    usage,
    disk: disk && {
      ...disk,
      bytesGraceEnds: moment(disk.bytesGraceEnds),
      inodesGraceEnds: moment(disk.inodesGraceEnds),
    },
  }
}

export function presentTemplate(
  template: ShelvedTemplate,
  all: readonly ShelvedTemplate[],
  vpss: readonly VpsRecord[],
): Template {
  const { layers, init, packages, sources: _sources, description: _description, ...shown } = template
  return {
    ...shown,
    init: init.kind,
    packages: packages.length,
    latest: all.findLast(({ name }) => name === template.name)?.ref === template.ref,
    usedBy: vpss.filter((vps) => vps.layers.some((layer) => layers.includes(layer))).map(({ id }) => id),
  }
}

/** @param record the one that came with it */
export function presentSnapshot({ layers: _layers, ...shown }: SnapshotInfo, record: unknown): Snapshot {
  const template = (record as { template?: unknown } | null)?.template
  return { ...shown, template: typeof template === 'string' ? template : null }
}
