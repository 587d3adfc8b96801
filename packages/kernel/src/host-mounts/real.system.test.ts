import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { realPrivateMounts } from '../mounts/real.ts'
import { startAttached } from '../process/attached.ts'
import { realProcessRunner } from '../process/real.ts'
import { realUserNamespaces } from '../userns/real.ts'
import { hostMountConformance } from './conformance.ts'
import { realHostMounts } from './real.ts'

const mounts = realPrivateMounts()
const hostMounts = realHostMounts({ mounts, userNamespaces: realUserNamespaces() })

/** Of this file; other tests may run beside it. */
const seen = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes('/insula-host-mounts-'))

hostMountConformance('the real driver', async () => {
  const directory = mkdtempSync('/var/tmp/insula-host-mounts-')
  return {
    hostMounts,
    files: {
      makeDirectory: (path) => mkdirSync(path),
      write: (path, contents) => writeFileSync(path, contents),
      read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null),
      owner: (path) => statSync(path).uid,
    },
    directory,
    async enter(path) {
      const started = startAttached(['sh', '-c', 'cd "$0" && exec sleep 600', path], { descriptors: ['null', 'null', 'null'] })
      for (let look = 0; look < 500 && readlinkSync(`/proc/${started.pid}/cwd`) !== path; look++) await sleep(10)
      return async () => {
        process.kill(started.pid, 'SIGKILL')
        await started.ended
      }
    },
    [Symbol.asyncDispose]: async () => {
      assert.deepEqual(seen(), [])
      rmSync(directory, { recursive: true })
    },
  }
})

describe('a hostile tree that is mounted on the host', () => {
  const { run } = realProcessRunner()
  const directory = mkdtempSync('/var/tmp/insula-host-mounts-')
  const at = (part: string): string => `${directory}/${part}`
  const target = at('target')
  const plan = {
    own: null,
    layers: [at('layer')],
    pool: at('pool'),
    upper: at('area/upper'),
    work: at('area/work'),
    root: at('root'),
    options: ['metacopy=on', 'redirect_dir=on'],
  }
  const mount = (wish: { write: boolean; followLinks: boolean }) =>
    hostMounts.mount(plan, { base: 300_000, size: 65_536 }, { target, ...wish })

  before(() => {
    for (const part of ['layer', 'pool', 'area', 'area/upper', 'area/work', 'root', 'target']) mkdirSync(at(part))
    writeFileSync(at('secret'), "the host's")
    symlinkSync(at('secret'), at('layer/link'))
    writeFileSync(at('layer/program'), '#!/bin/sh\ntouch "$0.ran"\n')
    chmodSync(at('layer/program'), 0o4755)
  })
  after(() => rmSync(directory, { recursive: true }))

  test('leads nowhere: its links are not followed, its programs not run, its devices not opened', async () => {
    await mount({ write: true, followLinks: false })
    try {
      assert.throws(() => writeFileSync(`${target}/link`, 'changed'), { code: 'ELOOP' })
      assert.throws(() => readFileSync(`${target}/link/anything`), { code: 'ELOOP' })
      assert.equal(readlinkSync(`${target}/link`), at('secret'))
      await assert.rejects(run([`${target}/program`]), /EACCES|denied/)
      await run(['mknod', `${target}/null`, 'c', '1', '3'])
      assert.throws(() => readFileSync(`${target}/null`), { code: 'EACCES' })
      assert.match(seen().at(-1) ?? '', /nosuid,nodev,noexec,\S*nosymfollow/)
    } finally {
      hostMounts.unmount(target)
    }
    assert.equal(readFileSync(at('secret'), 'utf8'), "the host's")
    assert.equal(lstatSync(at('area/upper/null')).uid, 300_000)
  })

  test('is read-only unless it is asked for otherwise, and its links are followed where that is', async () => {
    await mount({ write: false, followLinks: true })
    try {
      assert.throws(() => writeFileSync(`${target}/new`, ''), { code: 'EROFS' })
      assert.equal(readFileSync(`${target}/link`, 'utf8'), "the host's")
    } finally {
      hostMounts.unmount(target)
    }
  })

  test('is in use also where another mount namespace alone has it', async () => {
    await mount({ write: true, followLinks: false })
    {
      using _other = mounts.keepPrivateCopy(() => undefined)
      assert.equal(hostMounts.unmount(target), true)
      assert.equal(hostMounts.inUse(plan), true)
    }
    assert.equal(hostMounts.inUse(plan), false)
  })

  test('refuses ids that nobody inside has', async () => {
    await mount({ write: true, followLinks: false })
    try {
      writeFileSync(`${target}/mine`, '')
      await assert.rejects(run(['chown', '70000', `${target}/mine`]), /too large/)
      await run(['chown', '1000:33', `${target}/mine`])
    } finally {
      hostMounts.unmount(target)
    }
    const { uid, gid } = lstatSync(at('area/upper/mine'))
    assert.deepEqual([uid, gid], [301_000, 300_033])
  })
})
