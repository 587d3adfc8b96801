/** Scripts of definitions that behave and that do not, on the real kernel, around the build of a tree of BusyBox. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { OsDefinition } from '@insula/contract'
import { realProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import { installTree } from '../install-tree.ts'
import type { TemplateSource } from '../template.ts'

type Script = OsDefinition['scripts'][number]

function world(t: TestContext) {
  const beside = mkdtempSync('/var/tmp/insula-scripts-')
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const [tree, work] = [join(beside, 'tree'), join(beside, 'work')]
  const lines: string[] = []
  return {
    beside,
    tree,
    lines,
    async build(scripts: readonly (Partial<Script> & { readonly text: string })[], signal?: AbortSignal): Promise<void> {
      for (const directory of [tree, work]) {
        rmSync(directory, { recursive: true, force: true })
        mkdirSync(directory)
      }
      await installTree(sourceOf(scripts), {
        runner: realProcessRunner(),
        architecture: 'amd64',
        fresh: false,
        tree,
        work,
        signal,
        log: (line) => void lines.push(line),
      })
    },
  }
}

function sourceOf(scripts: readonly (Partial<Script> & { readonly text: string })[]): TemplateSource {
  return {
    name: 'tiny',
    definition: {
      kind: 'os',
      description: 'tiny',
      family: 'busybox',
      distribution: 'busybox',
      release: '7',
      architectures: ['amd64', 'arm64'],
      init: { kind: 'busybox', path: '/sbin/init', stopSignal: 'SIGUSR2', ready: 'none' },
      install: {
        with: 'busybox',
        directories: {
          '/dev': '0755',
          '/etc': '0755',
          '/proc': '0555',
          '/run': '0755',
          '/tmp': '1777',
          '/usr/bin': '0755',
          '/usr/sbin': '0755',
          '/usr/lib': '0755',
        },
      },
      files: { '/etc/greeting': { contents: 'hello\n', mode: '0644' } },
      links: {},
      remove: ['/etc/gone'],
      scripts: scripts.map(({ text: _text, ...script }, at) => ({
        phase: 'post-install',
        where: 'vps',
        run: `s${at}`,
        seconds: 60,
        network: false,
        ...script,
      })),
    },
    contents: Object.fromEntries(scripts.map(({ text }, at) => [`s${at}`, Buffer.from(`#!/bin/sh\n${text}\n`)])),
  }
}

async function refused(work: Promise<void>): Promise<TemplateFailed> {
  const error = await work.then(
    () => assert.fail('it was built'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof TemplateFailed, String(error))
  return error
}

/** Whether a process with this argument runs. */
const runs = (mark: string): boolean =>
  readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(mark)
    } catch {
      return false
    }
  })

test('phases run in order, hand files on, know where they are, and are heard', async (t) => {
  const { build, lines, tree } = world(t)
  await build([
    { phase: 'post-cache', where: 'host', text: 'cat $INSULA_ROOT/etc/made; ls $INSULA_SCRATCH' },
    {
      phase: 'post-install',
      where: 'vps',
      text: 'cat $INSULA_SCRATCH/fetched /etc/greeting >/etc/made; echo x >/etc/gone; chown 33:33 /etc/made',
    },
    {
      phase: 'pre-install',
      where: 'host',
      text: 'echo $INSULA_PHASE $INSULA_TEMPLATE $INSULA_RELEASE $INSULA_ARCHITECTURE ${INSULA_ROOT-none}',
    },
    { phase: 'pre-cache', where: 'host', text: 'id -u; echo from-the-host >fetched; echo to stderr >&2' },
  ])
  assert.equal(readFileSync(join(tree, 'etc/made'), 'utf8'), 'from-the-host\nhello\n')
  assert.ok(!existsSync(join(tree, 'etc/gone')))
  assert.deepEqual(
    lines.filter((line) => !line.includes(' runs ')).toSorted(),
    [
      'pre-cache: 65534',
      'pre-cache: to stderr',
      'pre-install: pre-install tiny 7 amd64 none',
      'post-cache: from-the-host',
      'post-cache: hello',
      'post-cache: fetched',
    ].toSorted(),
  )
  assert.deepEqual(
    lines.filter((line) => line.includes(' runs ')).map((line) => line.split(':')[0]),
    ['pre-cache', 'pre-install', 'post-install', 'post-cache'],
  )
})

test('a script that fails ends the build with what it said', async (t) => {
  const { build } = world(t)
  const failed = await refused(build([{ text: 'echo no licence >&2; exit 7' }]))
  assert.equal(failed.message, 'template tiny could not be built: its script s0 (post-install) ended with 7: no licence')
  assert.match(failed.remedy, /task's log/)
  assert.match(
    (await refused(build([{ where: 'host', phase: 'pre-cache', text: 'kill -9 $$' }]))).message,
    /s0 \(pre-cache\) (?:was killed by SIGKILL|ended with 137)/,
  )
})

test('a script that hangs is killed at its limit with all that it has started, wherever that hid', async (t) => {
  const { build } = world(t)
  for (const [at, where] of (['host', 'vps'] as const).entries()) {
    const marks = [1, 2, 3].map((n) => `${7_000 + n}.${process.pid}${at}`)
    const phase = 'pre-install' as const
    const text = `(setsid sleep ${marks[0]} </dev/null >/dev/null 2>&1 &) ; trap '' TERM HUP INT; sleep ${marks[1]} & sleep ${marks[2]}`
    const failed = await refused(build([{ where, phase: where === 'host' ? phase : 'post-install', seconds: 1, text }]))
    assert.match(failed.message, /did not end within 1 s and was killed with all that it had started/)
    for (let tries = 0; tries < 100 && marks.some(runs); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual(marks.filter(runs), [])
  }
})

test('what a script leaves running ends with it', async (t) => {
  const { build } = world(t)
  const mark = `7010.${process.pid}`
  await build([{ where: 'host', phase: 'post-cache', text: `setsid sleep ${mark} </dev/null >/dev/null 2>&1 &` }])
  for (let tries = 0; tries < 100 && runs(mark); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(!runs(mark))
})

test('a build that is cancelled takes its script with it', async (t) => {
  const { build } = world(t)
  const mark = `7020.${process.pid}`
  const controller = new AbortController()
  const reason = new Error('enough')
  const built = build([{ where: 'host', phase: 'pre-cache', text: `sleep ${mark}` }], controller.signal)
  const ended = assert.rejects(built, reason)
  for (let tries = 0; tries < 200 && !runs(mark); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
  controller.abort(reason)
  await ended
  for (let tries = 0; tries < 100 && runs(mark); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(!runs(mark))
})

test('a script writes nowhere but where it may, and reaches nobody', async (t) => {
  const { build, beside, lines, tree } = world(t)
  const target = join(beside, 'outside')
  mkdirSync(target, { mode: 0o777 })
  writeFileSync(join(target, 'victim'), 'whole')
  const attempts = [
    `echo x >${target}/victim`,
    `echo x >${target}/new`,
    'echo x >/etc/insula-was-here',
    'echo x >/proc/sys/kernel/hostname',
    'echo x >/sys/kernel/mm/ksm/run',
    'mount -o remount,rw /',
    `mount --bind ${target} /tmp`,
    'mknod /tmp/sda b 8 0',
    'cat /etc/shadow',
    'ls /run/insula/insula',
    'kill -0 1',
    'chroot /proc/1/root true',
    'unshare --mount true',
    'ip link add insulatest0 type dummy',
  ]
  const text = attempts.map((attempt) => `if ( ${attempt} ) >/dev/null 2>&1; then echo "DONE ${attempt}"; fi`).join('\n')
  await build([{ where: 'host', phase: 'pre-cache', text }])
  assert.deepEqual(
    lines.filter((line) => line.includes('DONE')),
    [],
  )
  assert.equal(readFileSync(join(target, 'victim'), 'utf8'), 'whole')
  assert.ok(!existsSync('/etc/insula-was-here'))
  // In the system it may write all over that, and no further.
  const inside = [
    'mount -t proc proc /mnt',
    'mknod /sda b 8 0',
    'echo x >/proc/sys/kernel/hostname',
    'cat /proc/sys/vm/swappiness >/proc/sys/vm/swappiness',
    'echo >/proc/sysrq-trigger',
    'ls /proc/1/root/var/lib/dpkg',
    `ls ${beside}`,
    'mount -o remount,ro /',
  ]
  await build([
    {
      text: `mkdir -p /mnt; ${inside.map((attempt) => `if ( ${attempt} ) >/dev/null 2>&1; then echo "DONE ${attempt}"; fi`).join('\n')}\necho y >/etc/own`,
    },
  ])
  assert.deepEqual(
    lines.filter((line) => line.includes('DONE')),
    [],
  )
  assert.equal(readFileSync(join(tree, 'etc/own'), 'utf8'), 'y\n')
})

test('the network is there only where it was asked for', async (t) => {
  const { build, lines } = world(t)
  const text = 'readlink /proc/self/ns/net; tail -n +3 /proc/net/dev | wc -l'
  await build([
    { where: 'host', phase: 'pre-cache', text },
    { where: 'host', phase: 'pre-cache', text, network: true },
  ])
  const said = lines.filter((line) => !line.includes(' runs ')).map((line) => line.split(': ')[1])
  const [without, interfaces, withNetwork] = said
  assert.equal(interfaces, '1')
  const ours = readlinkSync('/proc/self/ns/net')
  assert.notEqual(without, ours)
  assert.equal(withNetwork, ours)
})

test('a script that writes without end does not fill the log', async (t) => {
  const { build, lines } = world(t)
  await build([{ where: 'host', phase: 'pre-cache', text: 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done' }])
  assert.ok(lines.length < 2_100)
  assert.ok(lines.some((line) => line.includes('others are left out')))
})
