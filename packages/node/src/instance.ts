/**
 * Every path, socket and kernel object name of one installation derives from its instance's name, so that tests run beside a live
 * installation and several nodes can run on one machine.
 */

import { createHash } from 'node:crypto'
import { DEFAULT_INSTANCE, isInstanceName, localSocketPath } from '@insula/contract/paths'

export interface Instance {
  readonly name: string
  /** /etc: what the administrator sets. */
  readonly configFile: string
  /** /var/lib: database, volume. */
  readonly state: string
  readonly database: string
  readonly volumeImage: string
  readonly volume: string
  /** /run: sockets, runtime state, bundles. */
  readonly run: string
  readonly apiSocket: string
  readonly keeperSocket: string
  /** The OCI runtime hands seccomp listeners over there. */
  readonly listenerSocket: string
  readonly lxcfs: string
  readonly lxcfsPidFile: string
  readonly runtime: string
  readonly bundles: string
  readonly scratch: string
  readonly logs: string
  /** Cgroup below the root of every hierarchy. */
  readonly cgroup: string
  readonly filterTable: string
  /** A VPS's host link is PREFIX.ID; at most 15 bytes with an id of seven digits. */
  readonly linkPrefix: string
  /** First host uid and gid when the config names none. */
  readonly idRangeStart: number
}

/** Ids of one instance: 2,048 VPSs of 65,536. */
const IDS_PER_INSTANCE = 2 ** 27
/** Above every id a Debian host hands out itself; 14 slots end below 2^31, which some software takes for the end. */
const FIRST_ID = 2 ** 28
const SLOTS = 14

/** @throws when the name is none */
export function instanceOf(name: string): Instance {
  if (!isInstanceName(name)) {
    throw new Error(`"${name}" is not an instance name: a letter, then at most 15 letters, digits or hyphens, all in lower case`)
  }
  const own = name === DEFAULT_INSTANCE
  const digest = createHash('sha256').update(name).digest()
  const run = `/run/insula/${name}`
  const state = `/var/lib/insula/${name}`
  return {
    name,
    configFile: `/etc/insula/${name}.json`,
    state,
    database: `${state}/state.db`,
    volumeImage: `${state}/volume.xfs`,
    volume: `${state}/volume`,
    run,
    apiSocket: localSocketPath(name),
    keeperSocket: `${run}/keeper.sock`,
    listenerSocket: `${run}/listener.sock`,
    lxcfs: `${run}/lxcfs`,
    lxcfsPidFile: `${run}/lxcfs.pid`,
    runtime: `${run}/runtime`,
    bundles: `${run}/bundles`,
    scratch: `${run}/exec`,
    logs: `/var/log/insula/${name}`,
    cgroup: own ? 'insula' : `insula-${name}`,
    filterTable: own ? 'insula' : `insula_${name.replaceAll('-', '_')}`,
    linkPrefix: own ? 'ins' : `i${digest.toString('hex').slice(0, 4)}`,
    idRangeStart: FIRST_ID + (own ? 0 : 1 + (digest.readUInt32BE(4) % (SLOTS - 1))) * IDS_PER_INSTANCE,
  }
}
