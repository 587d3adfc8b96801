/** What every HostMounts does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SystemCallFailed } from '../libc/libc.ts'
import type { SeenFiles } from '../mounts/conformance.ts'
import type { OverlayMount } from '../mounts/mounts.ts'
import type { HostMounts } from './host-mounts.ts'

export interface HostMountSubject {
  readonly hostMounts: HostMounts
  readonly files: SeenFiles
  /** An empty directory of the host. */
  readonly directory: string
  /** Keeps a directory busy until it is called again. */
  readonly enter: (path: string) => Promise<() => Promise<void>>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const IDS = { base: 300_000, size: 65_536 }
const READ = { write: false, followLinks: false }
const WRITE = { write: true, followLinks: false }

export function hostMountConformance(name: string, open: () => Promise<HostMountSubject>): void {
  describe(`${name} is a HostMounts`, () => {
    let subject: HostMountSubject
    let files: SeenFiles
    let hostMounts: HostMounts
    let count = 0
    before(async () => {
      subject = await open()
      ;({ files, hostMounts } = subject)
    })
    after(() => subject[Symbol.asyncDispose]())

    const planned = (): { plan: OverlayMount; target: string } => {
      const path = `${subject.directory}/${++count}`
      const at = (part: string): string => {
        files.makeDirectory(`${path}/${part}`)
        return `${path}/${part}`
      }
      files.makeDirectory(path)
      const layer = at('layer')
      files.makeDirectory(`${layer}/etc`)
      files.write(`${layer}/etc/both`, 'layer')
      at('area')
      const options = ['metacopy=on', 'redirect_dir=on']
      const [pool, upper, work, root] = ['pool', 'area/upper', 'area/work', 'root'].map(at) as [string, string, string, string]
      return { plan: { own: null, layers: [layer], pool, upper, work, root, options }, target: at('target') }
    }

    test('files are seen with the ids from inside, and what is written has those of the host on disk', async () => {
      const { plan, target } = planned()
      await hostMounts.mount(plan, IDS, { target, ...WRITE })
      assert.deepEqual([files.read(`${target}/etc/both`), files.owner(`${target}/etc/both`)], ['layer', 0])
      files.write(`${target}/etc/both`, 'changed')
      files.write(`${target}/etc/new`, 'new')
      assert.deepEqual([files.owner(`${target}/etc/both`), files.owner(`${target}/etc/new`)], [0, 0])
      assert.equal(hostMounts.unmount(target), true)
      assert.equal(files.read(`${target}/etc/new`), null)
      assert.deepEqual([files.read(`${plan.upper}/etc/both`), files.read(`${plan.upper}/etc/new`)], ['changed', 'new'])
      for (const file of ['both', 'new']) assert.equal(files.owner(`${plan.upper}/etc/${file}`), IDS.base, file)
      assert.equal(files.read(`${plan.layers[0]}/etc/both`), 'layer')
    })

    test('it is told whether a private directory is in use; several are at once', async () => {
      const [first, second] = [planned(), planned()]
      for (const { plan, target } of [first, second]) {
        assert.equal(hostMounts.inUse(plan), false)
        await hostMounts.mount(plan, IDS, { target, ...READ })
        assert.equal(hostMounts.inUse(plan), true)
      }
      assert.equal(hostMounts.unmount(first.target), true)
      assert.deepEqual([hostMounts.inUse(first.plan), hostMounts.inUse(second.plan)], [false, true])
      assert.equal(hostMounts.unmount(second.target), true)
      assert.equal(hostMounts.inUse(second.plan), false)
    })

    test('what a process uses is not unmounted, and it is told which one', async () => {
      const { plan, target } = planned()
      await hostMounts.mount(plan, IDS, { target, ...READ })
      const leave = await subject.enter(target)
      assert.throws(
        () => hostMounts.unmount(target),
        (error) => error instanceof SystemCallFailed && error.code === 'EBUSY',
      )
      assert.equal(hostMounts.users(target).length, 1)
      await leave()
      assert.deepEqual(hostMounts.users(target), [])
      assert.equal(hostMounts.unmount(target), true)
    })

    test('where nothing is mounted there is nothing to unmount', () => {
      const { target } = planned()
      assert.equal(hostMounts.unmount(target), false)
      assert.equal(hostMounts.unmount(`${target}/absent`), false)
    })

    test('one whose place or directory is missing is refused, and nothing of it is left', async () => {
      const { plan, target } = planned()
      await assert.rejects(hostMounts.mount(plan, IDS, { target: `${target}/absent`, ...READ }), /ENOENT/)
      await assert.rejects(hostMounts.mount({ ...plan, layers: [`${target}/absent`] }, IDS, { target, ...READ }), /ENOENT/)
      assert.equal(hostMounts.unmount(target), false)
      assert.equal(hostMounts.inUse(plan), false)
    })
  })
}
