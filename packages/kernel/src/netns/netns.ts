/**
 * Starts something inside another process's network namespace. network_namespaces(7). `start` must start its process synchronously; the
 * calling thread is back where it was when this returns. @throws when there is no process `pid`
 */
export type InNetworkOf = <T>(pid: number, start: () => T) => T
