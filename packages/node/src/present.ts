/** Records as the API shows them. */

import type { Template, Vps } from '@insula/contract'
import type { AreaUsage } from '@insula/vzfs'
import type { VpsRecord } from './record.ts'
import type { ShelvedTemplate } from './template-shelf.ts'

export function presentVps(record: VpsRecord, usage: Vps['usage'], disk: AreaUsage | null): Vps {
  const { cpuSet: _cpuSet, layers: _layers, init: _init, base: _base, ...shown } = record
  const moment = (seconds: number | null): string | null => (seconds === null ? null : new Date(seconds * 1000).toISOString())
  return {
    ...shown,
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
  const { layers, init, ...shown } = template
  return {
    ...shown,
    init: init.kind,
    latest: all.findLast(({ name }) => name === template.name)?.ref === template.ref,
    usedBy: vpss.filter((vps) => vps.layers.some((layer) => layers.includes(layer))).map(({ id }) => id),
  }
}
