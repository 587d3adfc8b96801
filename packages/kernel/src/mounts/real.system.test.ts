import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAttached } from '../process/attached.ts'
import { realUserNamespaces } from '../userns/real.ts'
import { mountConformance, type SeenFiles } from './conformance.ts'
import { realPrivateMounts } from './real.ts'

mountConformance('the real driver', async () => {
  const directory = mkdtempSync('/var/tmp/insula-mounts-')
  const before = hostMounts()
  const idle = new Map<number, { readonly ended: Promise<unknown> }>()
  return {
    mounts: realPrivateMounts(),
    userNamespaces: realUserNamespaces(),
    files: FILES,
    directory,
    // Not an async function: it is started in the namespace in which this is called.
    start: () => {
      const started = startAttached(['sleep', '600'], { descriptors: ['null', 'null', 'null'] })
      idle.set(started.pid, started)
      return Promise.resolve(started.pid)
    },
    end: async (pid) => {
      process.kill(pid, 'SIGKILL')
      await idle.get(pid)?.ended
      await sleep(0)
    },
    [Symbol.asyncDispose]: async () => {
      assert.deepEqual(hostMounts(), before)
      rmSync(directory, { recursive: true })
    },
  }
})

/** Of this file; other tests may run beside it. */
function hostMounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes('/insula-mounts-'))
}

const FILES: SeenFiles = {
  makeDirectory: (path) => mkdirSync(path),
  write: (path, contents) => writeFileSync(path, contents),
  read(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return null
    }
  },
  owner: (path) => statSync(path).uid,
}

test('what is mounted in a copy does not come through where the host shares its mounts, as systemd has it', async () => {
  const mounts = realPrivateMounts()
  const path = mkdtempSync('/var/tmp/insula-mounts-')
  using host = mounts.keepPrivateCopy((calls) => calls.fileSystem('tmpfs', path))
  const shared = mounts.inNamespace(host, () =>
    startAttached(['mount', '--make-shared', path], { descriptors: ['null', 'null', 'null'] }),
  )
  assert.equal((await shared.ended).code, 0)
  mounts.inNamespace(host, () => {
    mkdirSync(`${path}/below`)
    mounts.inPrivateCopy((calls) => {
      calls.fileSystem('tmpfs', `${path}/below`)
      writeFileSync(`${path}/below/file`, '')
    })
    assert.deepEqual(readdirSync(`${path}/below`), [])
  })
  rmSync(path, { recursive: true })
})

const mountsOn = (target: string): number =>
  readFileSync('/proc/thread-self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.split(' ')[4] === target).length

test('a file system that is there already stays, as cgroup2 is on hosts that have nothing else; and nothing shows outside', () => {
  const place = mkdtempSync('/run/insula-test-')
  try {
    realPrivateMounts().inPrivateCopy((calls) => {
      for (let time = 0; time < 2; time++) calls.fileSystem('cgroup2', place)
      assert.equal(mountsOn(place), 1)
      assert.ok(existsSync(`${place}/cgroup.procs`))
      assert.throws(() => calls.fileSystem('nosuchtype', place), { code: 'ENODEV' })
    })
    assert.equal(mountsOn(place), 0)
  } finally {
    rmdirSync(place)
  }
})
