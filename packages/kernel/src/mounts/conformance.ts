/** What every PrivateMounts does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SystemCallFailed } from '../libc/libc.ts'
import type { UserNamespace, UserNamespaces } from '../userns/userns.ts'
import type { OverlayMount, PrivateMounts } from './mounts.ts'

/** Files as the calling thread sees them, in whatever namespace it is. */
export interface SeenFiles {
  makeDirectory(path: string): void
  /** Makes or changes a file, as the host's root. */
  write(path: string, contents: string): void
  /** null when there is no such file. */
  read(path: string): string | null
  /** User id of a file or directory. */
  owner(path: string): number
}

export interface MountSubject {
  readonly mounts: PrivateMounts
  readonly userNamespaces: UserNamespaces
  readonly files: SeenFiles
  /** An empty directory of the host. */
  readonly directory: string
  /** Starts a process that does nothing, in the namespace that the thread is in. */
  readonly start: () => Promise<number>
  readonly end: (pid: number) => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const IDS = { base: 300_000, size: 65_536 }

export function mountConformance(name: string, open: () => Promise<MountSubject>): void {
  describe(`${name} is a PrivateMounts`, () => {
    let subject: MountSubject
    let mounts: PrivateMounts
    let files: SeenFiles
    let count = 0
    before(async () => {
      subject = await open()
      ;({ mounts, files } = subject)
    })
    after(() => subject[Symbol.asyncDispose]())
    /** A new directory of the host with a file "name" that says `contents`. */
    const fresh = (contents = 'host'): string => {
      const path = `${subject.directory}/${++count}`
      files.makeDirectory(path)
      files.write(`${path}/name`, contents)
      return path
    }
    const refused = (code: string) => (error: unknown) => error instanceof SystemCallFailed && error.code === code

    test('what is mounted in a private copy is seen in there only, and is gone afterwards', () => {
      const path = fresh()
      const inside = mounts.inPrivateCopy((calls) => {
        calls.fileSystem('tmpfs', path)
        files.write(`${path}/inside`, 'tmpfs')
        return [files.read(`${path}/name`), files.read(`${path}/inside`)]
      })
      assert.deepEqual(inside, [null, 'tmpfs'])
      assert.deepEqual([files.read(`${path}/name`), files.read(`${path}/inside`)], ['host', null])
      mounts.inPrivateCopy(() => assert.equal(files.read(`${path}/name`), 'host'))
    })

    test('what is changed on the file systems of the host stays changed', () => {
      const path = fresh()
      mounts.inPrivateCopy(() => files.write(`${path}/name`, 'changed'))
      assert.equal(files.read(`${path}/name`), 'changed')
    })

    test('copies do not know of each other', () => {
      const path = fresh()
      using first = mounts.keepPrivateCopy((calls) => calls.fileSystem('tmpfs', path))
      using second = mounts.keepPrivateCopy(() => undefined)
      mounts.inNamespace(first, () => assert.equal(files.read(`${path}/name`), null))
      mounts.inNamespace(second, () => assert.equal(files.read(`${path}/name`), 'host'))
      assert.equal(files.read(`${path}/name`), 'host')
    })

    test('a kept copy lasts, and what is mounted there later stays', () => {
      const [path, other] = [fresh(), fresh('other')]
      using kept = mounts.keepPrivateCopy((calls) => calls.bind(other, path))
      mounts.inNamespace(kept, (calls) => {
        assert.equal(files.read(`${path}/name`), 'other')
        calls.fileSystem('tmpfs', other)
      })
      mounts.inNamespace(kept, () => assert.equal(files.read(`${other}/name`), null))
    })

    test('the thread is back when a body throws, in the middle of another one too', () => {
      const path = fresh()
      const thrower = (): never => {
        throw new Error('on purpose')
      }
      using kept = mounts.keepPrivateCopy((calls) => calls.fileSystem('tmpfs', path))
      assert.throws(() => mounts.inPrivateCopy(thrower), /on purpose/)
      assert.throws(() => mounts.keepPrivateCopy(thrower), /on purpose/)
      mounts.inPrivateCopy((calls) => {
        calls.bind(fresh('other'), path)
        assert.throws(() => mounts.inNamespace(kept, thrower), /on purpose/)
        assert.equal(files.read(`${path}/name`), 'other')
      })
      assert.equal(files.read(`${path}/name`), 'host')
    })

    test('a bind mount is the same directory at another place', () => {
      const [path, other] = [fresh(), fresh('other')]
      mounts.inPrivateCopy((calls) => {
        calls.bind(other, path)
        files.write(`${path}/name`, 'through the mount')
      })
      assert.deepEqual([files.read(`${path}/name`), files.read(`${other}/name`)], ['host', 'through the mount'])
    })

    test('detach takes the topmost away, and says when nothing was there', () => {
      const path = fresh()
      mounts.inPrivateCopy((calls) => {
        calls.bind(fresh('first'), path)
        calls.bind(fresh('second'), path)
        const seen = [files.read(`${path}/name`)]
        while (calls.detach(path)) seen.push(files.read(`${path}/name`))
        assert.deepEqual(seen, ['second', 'first', 'host'])
        assert.equal(calls.detach(`${path}/absent`), false)
      })
    })

    test('detach takes what is mounted below along', () => {
      const path = fresh()
      mounts.inPrivateCopy((calls) => {
        calls.fileSystem('tmpfs', path)
        files.makeDirectory(`${path}/below`)
        calls.fileSystem('tmpfs', `${path}/below`)
        assert.equal(calls.detach(path), true)
        assert.equal(calls.detach(path), false)
        assert.equal(files.read(`${path}/name`), 'host')
      })
    })

    test('a clone is attached in another namespace, over a file too', async () => {
      const [path, source] = [fresh(), fresh('cloned')]
      using directory = mounts.clone(source)
      using file = mounts.clone(`${source}/name`)
      const pid = await mounts.inPrivateCopy((calls) => {
        calls.fileSystem('tmpfs', path)
        files.makeDirectory(`${path}/directory`)
        files.write(`${path}/file`, 'covered')
        return subject.start()
      })
      {
        using namespace = mounts.namespaceOf(pid)
        mounts.inNamespace(namespace, (calls) => {
          calls.attach(directory, `${path}/directory`)
          calls.attach(file, `${path}/file`)
        })
      }
      using again = mounts.namespaceOf(pid)
      mounts.inNamespace(again, (calls) => {
        assert.deepEqual([files.read(`${path}/directory/name`), files.read(`${path}/file`)], ['cloned', 'cloned'])
        assert.equal(calls.detach(`${path}/file`), true)
        assert.equal(files.read(`${path}/file`), 'covered')
      })
      assert.equal(files.read(`${path}/directory/name`), null)
      await subject.end(pid)
      assert.throws(() => mounts.namespaceOf(pid), /ENOENT/)
    })

    test('places that are not there, and file systems that are none, are refused by name', () => {
      const path = fresh()
      mounts.inPrivateCopy((calls) => {
        assert.throws(() => calls.fileSystem('tmpfs', `${path}/absent`), refused('ENOENT'))
        assert.throws(() => calls.fileSystem('nosuchfs', path), refused('ENODEV'))
        assert.throws(() => calls.bind(`${path}/absent`, path), refused('ENOENT'))
        using clone = mounts.clone(path)
        assert.throws(() => calls.attach(clone, `${path}/absent`), /ENOENT/)
      })
      assert.throws(() => mounts.clone(`${path}/absent`), refused('ENOENT'))
    })

    describe('an overlay over idmapped layers', () => {
      let userns: UserNamespace
      before(async () => {
        userns = await subject.userNamespaces(IDS)
      })
      after(() => userns[Symbol.dispose]())
      const planned = (): OverlayMount => {
        const path = fresh()
        const at = (part: string): string => {
          files.makeDirectory(`${path}/${part}`)
          return `${path}/${part}`
        }
        const [first, second] = [at('first'), at('second')]
        for (const directory of ['etc', 'srv']) files.makeDirectory(`${first}/${directory}`)
        files.makeDirectory(`${second}/etc`)
        files.write(`${first}/etc/both`, 'first')
        files.write(`${second}/etc/both`, 'second')
        files.write(`${second}/etc/second`, 'second')
        const options = ['metacopy=on', 'redirect_dir=on']
        return {
          own: null,
          layers: [first, second],
          pool: at('pool'),
          upper: at('upper'),
          work: at('work'),
          root: at('root'),
          options,
        }
      }

      test('shows the files of all layers, the first ones first, with shifted owners', () => {
        const plan = planned()
        const { root } = plan
        mounts.inPrivateCopy((calls) => {
          calls.overlay(plan, userns)
          assert.deepEqual([files.read(`${root}/etc/both`), files.read(`${root}/etc/second`)], ['first', 'second'])
          for (const path of ['etc/both', 'etc', 'srv']) assert.equal(files.owner(`${root}/${path}`), IDS.base, path)
        })
        assert.equal(files.owner(`${plan.layers[0]}/etc/both`), 0)
        assert.equal(files.read(`${root}/etc/both`), null)
      })

      test('writes to upper only, and keeps the owner of what it changes', () => {
        const plan = planned()
        const { root, upper, layers } = plan
        mounts.inPrivateCopy((calls) => {
          calls.overlay(plan, userns)
          files.write(`${root}/etc/both`, 'changed')
          files.write(`${root}/srv/new`, 'new')
          assert.deepEqual([files.read(`${root}/etc/both`), files.owner(`${root}/etc/both`)], ['changed', IDS.base])
        })
        assert.deepEqual(
          layers.map((layer) => [files.read(`${layer}/etc/both`), files.read(`${layer}/srv/new`)]),
          [
            ['first', null],
            ['second', null],
          ],
        )
        assert.deepEqual([files.read(`${upper}/etc/both`), files.read(`${upper}/srv/new`)], ['changed', 'new'])
        assert.deepEqual([files.owner(`${upper}/etc/both`), files.owner(`${upper}/srv`)], [IDS.base, IDS.base])
        mounts.inPrivateCopy((calls) => {
          calls.overlay(plan, userns)
          assert.deepEqual([files.read(`${root}/etc/both`), files.read(`${root}/srv/new`)], ['changed', 'new'])
        })
      })

      test('shows what is its own above the layers, with the owners that it has', () => {
        const plan = planned()
        const own = `${plan.root}-own`
        files.makeDirectory(own)
        files.makeDirectory(`${own}/etc`)
        files.write(`${own}/etc/both`, 'own')
        const { root, upper } = plan
        mounts.inPrivateCopy((calls) => {
          calls.overlay({ ...plan, own }, userns)
          assert.deepEqual([files.read(`${root}/etc/both`), files.read(`${root}/etc/second`)], ['own', 'second'])
          assert.deepEqual([files.owner(`${root}/etc/both`), files.owner(`${root}/etc/second`)], [0, IDS.base])
          files.write(`${root}/etc/both`, 'changed')
        })
        assert.deepEqual([files.read(`${own}/etc/both`), files.read(`${upper}/etc/both`)], ['own', 'changed'])
      })

      test('of two users of one layer each sees its own ids', async () => {
        const [plan, other] = [planned(), planned()]
        using second = await subject.userNamespaces({ base: 400_000, size: 65_536 })
        mounts.inPrivateCopy((calls) => {
          calls.overlay(plan, userns)
          calls.overlay({ ...other, layers: plan.layers }, second)
          const owners = [plan, other].map(({ root }) => files.owner(`${root}/etc/both`))
          assert.deepEqual(owners, [IDS.base, 400_000])
        })
      })

      test('is refused when a layer or a directory of it is missing', () => {
        const plan = planned()
        for (const missing of [
          { own: `${plan.root}/absent` },
          { layers: [`${plan.root}/absent`] },
          { upper: `${plan.root}/absent` },
          { root: `${plan.root}/absent` },
        ])
          mounts.inPrivateCopy((calls) => assert.throws(() => calls.overlay({ ...plan, ...missing }, userns), refused('ENOENT')))
      })
    })
  })
}
