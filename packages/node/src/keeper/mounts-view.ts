/**
 * /proc/mounts of a VPS whose users and groups can have quota: a file served by insula-listener, which shows the kernel's table with a device and
 * the options of quota for the root file system. Tools for quota look for them there. It covers the symbolic link that the kernel has at
 * this place; /proc/self/mounts and mountinfo stay the kernel's.
 */

import { closeSync } from 'node:fs'
import type { MakeServedFile, PrivateMounts } from '@insula/kernel'

export interface MountsViewMeans {
  readonly mounts: PrivateMounts
  readonly makeServedFile: MakeServedFile
  /** Takes a connection, to be served from now on and kept for later keepers. */
  readonly serve: (connection: { readonly id: string; readonly fd: number }) => void
  readonly log: (message: string) => void
}

const PLACE = '/proc/mounts'

/** In place of one that was shown before. Without it a VPS runs all the same. */
export function showMounts(means: MountsViewMeans, id: string, pid: number): void {
  try {
    const { connection, mount } = means.makeServedFile('insula')
    using _mount = mount
    try {
      using namespace = means.mounts.namespaceOf(pid)
      means.mounts.inNamespace(namespace, (calls) => {
        while (calls.detach(PLACE)) continue
        calls.attach(mount, PLACE)
      })
    } catch (error) {
      closeSync(connection)
      throw error
    }
    means.serve({ id, fd: connection })
  } catch (error) {
    means.log(`VPS ${id}: its ${PLACE} cannot show quota: ${(error as Error).message}`)
  }
}
