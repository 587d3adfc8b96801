/** What a relink on the fake node comes to. */

import type { RelinkResult, Vps } from '@insula/contract'

export function relinkResult(all: readonly Vps[], { vps }: { readonly vps?: readonly string[] }): RelinkResult {
  const chosen = all.filter(({ name }) => vps?.includes(name) !== false)
  const named = ({ id, name }: Vps) => ({ vps: id, name })
  const report = {
    files: 3,
    bytes: 40 * 1024 ** 2,
    newPoolBytes: 0,
    linkedBytes: 1024 ** 2,
    ownFiles: 0,
    ownBytes: 0,
    looked: 5,
    hashedFiles: 5,
    hashedBytes: 50 * 1024 ** 2,
    unlike: [],
    milliseconds: 1234,
  }
  return {
    relinked: chosen
      .filter(({ state }) => state === 'stopped')
      .map((vps) => ({
        ...named(vps),
        // What it shared before, it shares no longer.
        report: vps.share === 'none' ? { ...report, files: 0, bytes: 0, ownFiles: 2, ownBytes: 1024 ** 2 } : report,
      })),
    marked: chosen.filter(({ state }) => state === 'running').map(named),
    failed: [],
  }
}
