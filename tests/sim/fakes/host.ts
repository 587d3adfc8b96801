/** The rest of a pretended machine: links, packet filter, volume and what a probe finds. */

import type { HostProbe, Links, PacketFilter, RouteSpec, VethSpec, Volumes } from '@insula/kernel'

export interface FakeLinks extends Links {
  /** Host ends and the destinations that are routed over them. */
  readonly attached: ReadonlyMap<string, readonly string[]>
}

/** @param alive whether there is such a process: a link goes with the network namespace that its other end is in */
export function fakeLinks(alive: (pid: number) => boolean): FakeLinks {
  const links = new Map<string, { readonly veth: VethSpec; routes: readonly RouteSpec[] }>()
  const present = () => {
    for (const [name, { veth }] of links) if (!alive(veth.pid)) links.delete(name)
    return links
  }
  return {
    get attached() {
      return new Map([...present()].map(([name, { routes }]) => [name, routes.map(({ destination }) => destination)]))
    },
    async attach(veth, routes) {
      if (!alive(veth.pid)) throw new Error(`cannot make link ${veth.name}: there is no process ${veth.pid}`)
      links.set(veth.name, { veth, routes })
    },
    async setRoutes(device, routes) {
      const link = present().get(device)
      if (!link) throw new Error(`Cannot find device "${device}"`)
      link.routes = routes
    },
    remove: async (name) => void links.delete(name),
    list: async (prefix) =>
      [...present().values()]
        .filter(({ veth }) => veth.name.startsWith(prefix))
        .map(({ veth }) => ({ name: veth.name, mac: veth.hostMac, mtu: veth.mtu, up: true, rxBytes: 0, txBytes: 0 })),
    routes: async (device) => (present().get(device)?.routes ?? []).map(({ destination }) => destination),
    uplink: async () => ({ device: 'uplink0', mtu: 1400, gateway: '198.51.100.1' }),
    networks: async () => [],
  }
}

export interface FakeFilter extends PacketFilter {
  /** "inet insula" to its body. */
  readonly bodies: ReadonlyMap<string, string>
  /** How often a table was replaced. */
  readonly replacements: number
}

export function fakeFilter(): FakeFilter {
  const bodies = new Map<string, string>()
  let replacements = 0
  return {
    bodies,
    get replacements() {
      return replacements
    },
    async replaceTable(family, name, body) {
      replacements += 1
      bodies.set(`${family} ${name}`, body)
    },
    removeTable: async (family, name) => void bodies.delete(`${family} ${name}`),
    tables: async () => [...bodies.keys()],
    table: async (family, name) => bodies.get(`${family} ${name}`) ?? null,
  }
}

export function fakeVolumes(): Volumes {
  return {
    ensureLoopVolume: async () => undefined,
    detach: async () => undefined,
    mounted: async () => true,
    probe: async (path) => ({
      path,
      fsType: 'xfs',
      device: '/dev/loop0',
      projectQuota: false,
      userQuota: false,
      reflink: true,
      vzfs: true,
      vzfsProblem: null,
    }),
    space: async () => ({ totalBytes: 20 * 1024 ** 3, freeBytes: 10 * 1024 ** 3, totalInodes: 1_000_000, freeInodes: 900_000 }),
  }
}

export function fakeProbe(): HostProbe {
  return {
    features: async () => ({
      kernelRelease: '6.12.0',
      kernelVersion: [6, 12],
      cgroupMode: 'unified',
      controllers: ['cpu', 'cpuset', 'memory', 'pids'],
      swapAccounting: true,
      cpus: [0, 1],
      memoryBytes: 4 * 1024 ** 3,
      tools: { crun: '1.8', lxcfs: '5.0', ip: '6.1', nft: '1.0', mmdebstrap: '1.3' },
    }),
    sysctl: async () => '100000000',
    setSysctl: async () => undefined,
  }
}
