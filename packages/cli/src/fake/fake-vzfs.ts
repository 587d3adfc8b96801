/** The pretended node's volume. */

import type { VzfsCheckResult, VzfsDf, VzfsResidency } from '@insula/contract'

const MIB = 1024 ** 2
const REF = 'debian-12@2026-01-01.1'

const PATH = '/var/lib/insula/insula/volume'
const WHOLE = { contents: 3200, apparent: 610 * MIB, private: 17 * MIB, shared: 180 * MIB, saved: 180 * MIB }

const DF: VzfsDf = {
  vps: [
    {
      id: 101,
      name: 'web',
      volume: 'default',
      files: 9321,
      apparent: 300 * MIB,
      private: 5 * MIB,
      shared: 180 * MIB,
      saved: 90 * MIB,
    },
    {
      id: 102,
      name: 'db',
      volume: 'default',
      files: 9400,
      apparent: 310 * MIB,
      private: 12 * MIB,
      shared: 180 * MIB,
      saved: 90 * MIB,
    },
  ],
  templates: [{ ref: REF, users: 2, apparent: 300 * MIB, private: 25 * MIB, shared: 180 * MIB, saved: 180 * MIB }],
  volume: { path: PATH, ...WHOLE },
  volumes: [{ name: 'default', path: PATH, ...WHOLE }],
}

const RESIDENCY: VzfsResidency = {
  templates: [
    {
      ref: REF,
      users: 2,
      files: 3200,
      bytes: 180 * MIB,
      residentFiles: 120,
      resident: 40 * MIB,
      saved: 40 * MIB,
      biggest: [{ path: '/usr/lib/x86_64-linux-gnu/libcrypto.so.3', bytes: 5 * MIB, resident: 4 * MIB }],
    },
  ],
  vps: [
    { id: 101, name: 'web', volume: 'default', resident: 40 * MIB, saved: 20 * MIB },
    { id: 102, name: 'off', volume: 'default', resident: 40 * MIB, saved: 20 * MIB },
  ],
  volumes: [{ name: 'default', resident: 40 * MIB, saved: 40 * MIB }],
  resident: 40 * MIB,
  saved: 40 * MIB,
}

function checkResult(problems: readonly string[], deep: boolean): VzfsCheckResult {
  const damages = problems.map((problem) => ({ kind: 'contents', path: '/volume/pool/ab/cd', problem, repairable: true }))
  return {
    deep,
    damages,
    damaged: damages.length,
    repaired: [],
    hit: damages.length === 0 ? [] : [{ vps: 101, name: 'web', running: true }],
    orphans: { files: 3, bytes: 3 * MIB },
    looked: { layers: 1, areas: 2, contents: 3200, bytes: 180 * MIB },
  }
}

export function vzfsFigures(name: 'vzfsDf' | 'vzfsResidency', files: number): VzfsDf | VzfsResidency {
  if (name === 'vzfsDf') return DF
  return { ...RESIDENCY, templates: RESIDENCY.templates.map((one) => ({ ...one, biggest: one.biggest.slice(0, files) })) }
}

export function vzfsResult(name: 'vzfsCheck' | 'vzfsGc', body: Record<string, unknown>, problems: readonly string[]): unknown {
  if (name === 'vzfsCheck') return checkResult(problems, body['deep'] === true)
  return {
    files: 3,
    bytes: 3 * MIB,
    layers: [{ name: 'stack-6f8d9aef60ba', os: 'debian-12@2026-11-22.1', apps: ['nginx@2026-11-22.1'] }],
    dryRun: body['dryRun'] === true,
  }
}
