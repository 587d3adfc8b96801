/** The node itself, as the API shows it: what it is, and whether its parts are well. */

import { hostname } from 'node:os'
import type { Health, NodeInfo } from '@insula/contract'
import { countFree, parseCidr, parseIpv4 } from '@insula/model'
import type { Means } from '../means.ts'
import { VERSION } from '../version.ts'

export async function nodeHealth(means: Pick<Means, 'keeper' | 'lostAreas'> & { readonly startedAt: string }): Promise<Health> {
  const answer = await means.keeper.health().catch(() => null)
  const problems = [
    ...(answer ? [] : ['insula-keeper does not answer']),
    ...(answer && !answer.lxcfs.healthy ? ['lxcfs does not answer'] : []),
    ...lostRecords(means.lostAreas.hopeful()),
  ]
  const { pid = null, healthy = false, restarts = 0 } = answer?.lxcfs ?? {}
  return {
    status: problems.length === 0 ? 'ok' : 'degraded',
    version: VERSION,
    pid: process.pid,
    startedAt: means.startedAt,
    keeper: { connected: answer !== null, pid: answer?.pid ?? null },
    lxcfs: { pid, healthy, restarts },
    problems,
  }
}

const lostRecords = ({ length }: readonly number[]): string[] =>
  length === 0
    ? []
    : [`${length === 1 ? 'a VPS has' : `${length} VPSs have`} no record in the database; \`insula recover\` rebuilds it`]

export async function nodeInfo(means: Means): Promise<NodeInfo> {
  const { probe, volumes, vzfs, links, config, inventory } = means
  const [features, volume, space, uplink] = await Promise.all([
    probe.features(),
    volumes.probe(vzfs.path),
    volumes.space(vzfs.path),
    links.uplink(),
  ])
  const pool = config.addressPool === undefined ? null : parseCidr(config.addressPool)
  const used = [...inventory.addresses().keys(), ...[...means.strays.all().values()].flat()].map(
    (address) => parseIpv4(address) ?? -1,
  )
  const all = inventory.all()
  return {
    instance: means.instance.name,
    version: VERSION,
    hostname: hostname(),
    kernel: features.kernelRelease,
    cgroups: features.cgroupMode,
    controllers: [...features.controllers],
    swapAccounting: features.swapAccounting,
    swap: features.swapBytes,
    cpus: features.cpus.length,
    memory: features.memoryBytes,
    tools: { ...features.tools },
    volume: {
      path: volume.path,
      fsType: volume.fsType,
      projectQuota: volume.projectQuota,
      userQuota: volume.userQuota,
      reflink: volume.reflink,
      totalBytes: space.totalBytes,
      freeBytes: space.freeBytes,
    },
    network: {
      pool: config.addressPool ?? null,
      addressesFree: pool === null ? 0 : countFree(pool, used),
      uplink: config.uplink ?? uplink?.device ?? null,
    },
    vps: { total: all.length, running: all.filter(({ state }) => state === 'running').length },
  }
}
