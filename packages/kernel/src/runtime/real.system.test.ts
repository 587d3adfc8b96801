import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realCgroups } from '../cgroup/real.ts'
import { realExitWatch } from '../exits/real.ts'
import { becomeSubreaper, reapStrays } from '../exits/strays.ts'
import { realPrivateMounts } from '../mounts/real.ts'
import { runtimeConformance } from './conformance.ts'
import { realRuntime } from './real.ts'

/** What the image has besides: crun finds a command that is a script only by its first line. */
const SCRIPTS: Readonly<Record<string, string>> = {
  idle: 'exec sleep 600',
  'exit-with': 'exit $1',
  'kill-by': 'kill -$1 $$; sleep 600',
  say: 'echo $1; echo no $1 >&2',
}
const ROOT = `insula-test-${process.pid}`

runtimeConformance('the real driver', async () => {
  becomeSubreaper()
  const strays = reapStrays()
  const directory = mkdtempSync('/run/insula-test-')
  const rootfs = join(directory, 'rootfs')
  fill(rootfs)
  const cgroups = realCgroups()
  const mounts = realPrivateMounts()
  const runtimeMounts = mounts.keepPrivateCopy((calls) => calls.fileSystem('cgroup2', '/sys/fs/cgroup'))
  return {
    runtime: realRuntime(join(directory, 'state')),
    cgroups,
    cgroup: `${ROOT}/1`,
    exits: realExitWatch(),
    directory,
    writeConfig(bundle, args) {
      mkdirSync(bundle, { recursive: true })
      writeFileSync(join(bundle, 'config.json'), JSON.stringify(configOf(rootfs, `/${ROOT}/1/vps`, args)))
    },
    inside: (body) => mounts.inNamespace(runtimeMounts, body),
    kill: (pid, signal) => void process.kill(pid, signal),
    [Symbol.asyncDispose]: async () => {
      await cgroups.remove(ROOT)
      runtimeMounts[Symbol.dispose]()
      strays[Symbol.dispose]()
      rmSync(directory, { recursive: true })
      assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(directory), 'a mount is left')
    },
  }
})

function fill(rootfs: string): void {
  for (const name of ['bin', 'dev', 'proc', 'sys']) mkdirSync(join(rootfs, name), { recursive: true })
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'))
  for (const name of ['cat', 'kill', 'sh', 'sleep']) symlinkSync('busybox', join(rootfs, 'bin', name))
  for (const [name, script] of Object.entries(SCRIPTS)) {
    writeFileSync(join(rootfs, 'bin', name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(rootfs, 'bin', name), 0o755)
  }
}

function configOf(rootfs: string, cgroupsPath: string, args: readonly string[]): unknown {
  const namespaces = ['pid', 'mount', 'ipc', 'uts', 'network', 'cgroup'].map((type) => ({ type }))
  return {
    ociVersion: '1.0.2',
    process: { terminal: false, user: { uid: 0, gid: 0 }, args, cwd: '/', env: ['PATH=/bin'] },
    root: { path: rootfs },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
    ],
    linux: { cgroupsPath, namespaces },
  }
}
