/**
 * `npm run bench:relink [-- --vps N --minutes M]`: many VPSs of Debian 12 in which apt has installed the same packages, each for itself; what they take on disk and in RAM before
 * and after a relink, and what the second relink costs. `--minutes M`: goes on with those that have their packages after so long. Needs root, a package
 * mirror, and a machine with nothing else to do.
 */

import { readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { timed } from './figures.ts'
import { benchNode, runner } from './node.ts'

const PACKAGES =
  'bc bzip2 curl dnsutils file gawk git htop iproute2 jq less lsof m4 make mc nginx-light patch psmisc python3 rsync screen strace tcpdump tmux tree unzip vim-tiny wget xz-utils zip'.split(
    ' ',
  )
const given = (flag: string, otherwise: number): number => {
  const at = process.argv.indexOf(flag)
  return at > 0 ? Number(process.argv[at + 1]) : otherwise
}
const MANY = given('--vps', 100)
const DEADLINE = performance.now() + given('--minutes', 600) * 60_000
/** More than there are CPUs: each waits for the disk and for its init now and then. */
const AT_ONCE = 3
const SETTLE_MS = 5_000
const MIB = 1024 ** 2
const say = (text: string): void => void process.stderr.write(`${text}\n`)

// Else each would be relinked as it stops, before anything is measured.
await using node = await benchNode('bench-relink', '10.122.0.0/16', { relink: 'off' })
await node.insula('template', 'build', 'debian-12')
const mirror = await localMirror()
const wished = Array.from({ length: MANY }, (_, index) => `r${index}`)

const empty = await onDisk()
say(`${MANY} VPSs`)
for (const name of wished) await create(name)
const fresh = await onDisk()
say(`${PACKAGES.length} packages in each`)
const names: string[] = []
await inParallel(wished, async (name) => {
  if (performance.now() > DEADLINE) {
    await node.ask('DELETE', `/v1/vps/${name}?wait=60`)
    return
  }
  await boot(name)
  await inside(name, install(mirror))
  await node.ask('POST', `/v1/vps/${name}/stop?wait=60`)
  names.push(name)
  if (names.length % 10 === 0) say(`  ${names.length}`)
})
const installed = await onDisk()
const ramBefore = await inRam()
say('relink')
const relinkAll = (): Promise<number> => timed(() => node.insula('vzfs', 'relink', ...names))
const first = await relinkAll()
const second = await relinkAll()
const relinked = await onDisk()
const ramAfter = await inRam()
// Every one has run meanwhile, and written what a system writes.
const third = await relinkAll()
for (const name of [names[0] ?? '', names.at(-1) ?? '']) {
  await boot(name)
  await inside(name, 'dpkg --verify && python3 -c "print(1)" >/dev/null && git --version >/dev/null')
  await node.ask('POST', `/v1/vps/${name}/stop?wait=60`)
}

const own = (installed - fresh) / MIB
const left = (relinked - fresh) / MIB
console.log(`- ${names.length} VPSs, ${PACKAGES.length} packages and what they depend on, installed by apt in each
- disk: ${((fresh - empty) / MANY / 1024).toFixed(0)} KiB for each new VPS; ${own.toFixed(0)} MiB private before, ${left.toFixed(0)} MiB after: ${(100 * (1 - left / own)).toFixed(1)} % won back
- RAM, page cache after every VPS has read all that was installed: ${ramBefore.toFixed(0)} MiB before, ${ramAfter.toFixed(0)} MiB after: ${(100 * (1 - ramAfter / ramBefore)).toFixed(1)} % won back
- first relink of all ${(first / 1000).toFixed(1)} s, second ${(second / 1000).toFixed(1)} s: ${((100 * second) / first).toFixed(1)} %; after every VPS has
  run once more ${(third / 1000).toFixed(1)} s: ${((100 * third) / first).toFixed(1)} %`)

async function create(name: string): Promise<string> {
  await node.ask('POST', '/v1/vps?wait=60', { name, template: 'debian-12', addresses: ['auto'] })
  return name
}

/** Until its units are up: one of them empties /tmp, which apt does not expect. */
async function boot(name: string): Promise<void> {
  await node.ask('POST', `/v1/vps/${name}/start?wait=60`)
  await inside(
    name,
    'timeout 120 sh -c "until systemctl is-system-running --wait 2>&1 | grep -qE \'running|degraded\'; do sleep 0.2; done"',
  )
}

async function inside(name: string, script: string): Promise<string> {
  return node.insula('exec', name, '--', 'sh', '-c', `exec 2>&1; export DEBIAN_FRONTEND=noninteractive; ${script}`)
}

function install(repository: string): string {
  return `rm -rf /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] ${repository} ./' > /etc/apt/sources.list
    apt-get update -qq && apt-get install -y -qq -o DPkg::Options::=--force-unsafe-io --no-install-recommends ${PACKAGES.join(' ')} >/tmp/install.log 2>&1 || { tail /tmp/install.log; exit 1; }`
}

/** A VPS that has fetched the packages once, and hands them out. @returns its URL */
async function localMirror(): Promise<string> {
  say('local mirror')
  const name = await create('mirror')
  await boot(name)
  await inside(
    name,
    `set -e; apt-get update -qq; apt-get install -y -qq --no-install-recommends --download-only ${PACKAGES.join(' ')} >/dev/null
     mkdir -p /srv/repo; mv /var/cache/apt/archives/*.deb /srv/repo
     apt-get install -y -qq --no-install-recommends apt-utils busybox >/dev/null
     cd /srv/repo; apt-ftparchive packages . > Packages; busybox httpd -p 80 -h /srv/repo`,
  )
  const { vps } = (await node.ask('GET', `/v1/vps/${name}`)) as { vps: { addresses: string[] } }
  return `http://${vps.addresses[0]}`
}

async function inParallel(list: readonly string[], body: (name: string, index: number) => Promise<void>): Promise<void> {
  const rest = [...list.entries()]
  const one = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) await body(next[1], next[0])
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
}

/** Bytes that the volume has in use, with nothing left to write or to delete. */
async function onDisk(): Promise<number> {
  await runner.run(['sync', '--file-system', node.instance.volume])
  await sleep(SETTLE_MS)
  const { blocks, bfree, bsize } = statfsSync(node.instance.volume)
  return (blocks - bfree) * bsize
}

/** MiB of page cache that all of them together take, each of which has read every file of the packages. */
async function inRam(): Promise<number> {
  say('RAM')
  for (const name of names) await boot(name)
  await runner.run(['sync'])
  writeFileSync('/proc/sys/vm/drop_caches', '3')
  await sleep(SETTLE_MS)
  const before = cachedMib()
  const read = `dpkg -L ${PACKAGES.join(' ')} | while read -r file; do [ -f "$file" ] && cat "$file"; done > /dev/null; true`
  await inParallel(names, async (name) => void (await inside(name, read)))
  const after = cachedMib()
  for (const name of names) await node.ask('POST', `/v1/vps/${name}/stop?wait=60`)
  return after - before
}

function cachedMib(): number {
  return Number(/^Cached:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) / 1024
}
