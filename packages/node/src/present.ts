/** Records as the API shows them. */

import type { Template, Vps } from '@insula/contract'
import type { VpsRecord } from './record.ts'
import type { ShelvedTemplate } from './template-shelf.ts'

export function presentVps(record: VpsRecord, usage: Vps['usage'], disk: Vps['disk'] = null): Vps {
  const { cpuSet: _cpuSet, layers: _layers, init: _init, base: _base, ...shown } = record
  return { ...shown, usage, disk }
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
