/** Where a node's local API socket lies. Every path of an installation derives from its instance's name. */

export const DEFAULT_INSTANCE = 'insula'
export const INSTANCE_ENV = 'INSULA_INSTANCE'
/** Set to another socket's path, the CLI talks to that one instead. */
export const API_SOCKET_ENV = 'INSULA_SOCKET'

/** Short, because names of links and cgroups derive from it as well. */
export function isInstanceName(text: string): boolean {
  return /^[a-z][a-z0-9-]{0,15}$/.test(text) && !text.endsWith('-')
}

export function localSocketPath(instance: string): string {
  return `/run/insula/${instance}/api.sock`
}

/** Where an installation keeps what is looked at when its daemon does not answer. */
export interface InstancePlaces {
  /** /etc: what the administrator sets. */
  readonly configFile: string
  /** /var/lib: database, volume. */
  readonly state: string
  readonly database: string
  readonly volumeImage: string
  readonly volume: string
  /** /run: sockets, runtime state, bundles. */
  readonly run: string
  readonly logs: string
}

export function instancePlaces(instance: string): InstancePlaces {
  const state = `/var/lib/insula/${instance}`
  return {
    configFile: `/etc/insula/${instance}.json`,
    state,
    database: `${state}/state.db`,
    volumeImage: `${state}/volume.xfs`,
    volume: `${state}/volume`,
    run: `/run/insula/${instance}`,
    logs: `/var/log/insula/${instance}`,
  }
}
