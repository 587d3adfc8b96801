/**
 * Every path, socket and kernel object name of one installation derives from its instance's name, so that tests run beside a live
 * installation and several nodes can run on one machine.
 */

import { createHash } from 'node:crypto'
import { DEFAULT_INSTANCE, type InstancePlaces, instancePlaces, isInstanceName, localSocketPath } from '@insula/contract/paths'

export interface Instance extends InstancePlaces {
  readonly name: string
  readonly apiSocket: string
  readonly keeperSocket: string
  /** The OCI runtime hands seccomp listeners over there. */
  readonly listenerSocket: string
  /** The provider's own definitions of templates, one directory each. */
  readonly definitions: string
  readonly lxcfs: string
  readonly lxcfsPidFile: string
  readonly runtime: string
  readonly bundles: string
  readonly scratch: string
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
  const places = instancePlaces(name)
  const { run } = places
  return {
    name,
    ...places,
    apiSocket: localSocketPath(name),
    keeperSocket: `${run}/keeper.sock`,
    listenerSocket: `${run}/listener.sock`,
    definitions: own ? '/etc/insula/templates' : `/etc/insula/${name}.templates`,
    lxcfs: `${run}/lxcfs`,
    lxcfsPidFile: `${run}/lxcfs.pid`,
    runtime: `${run}/runtime`,
    bundles: `${run}/bundles`,
    scratch: `${run}/exec`,
    cgroup: own ? 'insula' : `insula-${name}`,
    filterTable: own ? 'insula' : `insula_${name.replaceAll('-', '_')}`,
    linkPrefix: own ? 'ins' : `i${digest.toString('hex').slice(0, 4)}`,
    idRangeStart: FIRST_ID + (own ? 0 : 1 + (digest.readUInt32BE(4) % (SLOTS - 1))) * IDS_PER_INSTANCE,
  }
}
