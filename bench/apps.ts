/**
 * `npm run bench:apps [-- --running N --stopped N --plain N]`: nginx in VPSs of Debian 12 that run and that are stopped, beside `apt-get install` in each; each one
 * answers, some are upgraded, and it is removed everywhere. What it finds wrong ends it. Needs root, a package mirror, and a machine with nothing else to do.
 */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debRepository } from '../packages/templates/src/testing/deb-repository.ts'
import { timed } from './figures.ts'
import { benchNode, runner } from './node.ts'
import { repacked } from './repacked.ts'

const given = (flag: string, otherwise: number): number => {
  const at = process.argv.indexOf(flag)
  return at > 0 ? Number(process.argv[at + 1]) : otherwise
}
const [RUNNING, STOPPED, PLAIN] = [given('--running', 20), given('--stopped', 100), given('--plain', 5)]
const UPGRADED = Math.max(1, Math.floor(RUNNING / 4))
const OS = 'debian-12-minimal'
const KIB = 1024
const say = (text: string): void => void process.stderr.write(`${text}\n`)
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

interface Shown {
  readonly addresses: readonly string[]
  readonly disk: { readonly bytes: number }
  readonly apps: readonly { readonly ref: string; readonly state: string; readonly how: string }[]
}

await using node = await benchNode('bench-apps', '10.123.0.0/16')
const show = async (name: string): Promise<Shown> => ((await node.ask('GET', `/v1/vps/${name}`)) as { vps: Shown }).vps
const each = async <T>(of: readonly string[], body: (name: string) => Promise<T>): Promise<T[]> => {
  const found: T[] = []
  for (const name of of) found.push(await body(name))
  return found
}
const create = (name: string) => node.ask('POST', '/v1/vps?wait=60', { name, template: OS, addresses: ['auto'] })
const boot = (name: string) => node.insula('start', name, '--wait-booted', '-q')
const inside = (name: string, line: string) => node.insula('exec', name, '--', 'sh', '-c', line)
const answers = async (name: string): Promise<void> => {
  const [address = ''] = (await show(name)).addresses
  assert.match(await (await fetch(`http://${address}/`)).text(), new RegExp(`nginx serves ${name}\\.`))
}
const disk = async (of: readonly string[]): Promise<number> =>
  (await each(of, async (name) => (await show(name)).disk.bytes)).reduce((sum, bytes) => sum + bytes, 0) / of.length

await node.insula('template', 'build', OS)
const building = await timed(() => node.insula('template', 'build', 'nginx'))
const [first = ''] = (await node.insula('app', 'list', '-q')).trim().split('\n')

say(`${PLAIN} times apt-get install`)
const plain = names('plain', PLAIN)
await each(plain, create)
await each(plain, boot)
const byHand = await timed(() =>
  each(plain, (name) =>
    inside(
      name,
      'export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx >/dev/null 2>&1',
    ),
  ),
)

say(`${RUNNING} that run`)
const running = names('run', RUNNING)
await each(running, create)
await each(running, boot)
const before = await inside(running[0] ?? '', 'dpkg-query -W')
const adding = await timed(() => node.insula('app', 'add', ...running, 'nginx', '-q'))
await each(running, answers)
const ownBefore = await disk(running)
await each(running, (name) => node.insula('stop', name, '-q'))
await node.insula('vzfs', 'relink', ...running)
const ownAfter = await disk(running)
await each(running, boot)
await each(running, answers)
const oneInRam = await sharedInRam(running[0] ?? '', running[1] ?? running[0] ?? '')

say(`${UPGRADED} of them to another version`)
const second = await newerNginx()
const upgrading = await timed(() => node.insula('app', 'upgrade', ...running.slice(0, UPGRADED), 'nginx', '-q'))
const versions = await each(running, async (name) => (await show(name)).apps[0]?.ref)
assert.deepEqual(versions, [...Array<string>(UPGRADED).fill(second), ...Array<string>(RUNNING - UPGRADED).fill(first)])
await each(running, answers)
const removing = await timed(() => node.insula('app', 'remove', ...running, 'nginx', '--purge', '-q'))
for (const name of running) {
  assert.equal(await inside(name, 'dpkg-query -W'), before)
  assert.equal(
    await inside(
      name,
      'dpkg --verify; apt-get check -qq; ls -d /etc/nginx /var/www /usr/sbin/nginx /var/lib/insula-app 2>/dev/null; true',
    ),
    '',
  )
}

say(`${STOPPED} that are stopped`)
const stopped = names('stop', STOPPED)
await each(stopped, create)
const empty = await disk(stopped)
const layering = await timed(() => node.insula('app', 'add', stopped[0] ?? '', first, '-q'))
const laying = await timed(() => node.insula('app', 'add', ...stopped.slice(1), first, '--parallel', '8', '-q'))
const own = await disk(stopped)
assert.ok((await each(stopped, async (name) => (await show(name)).apps[0]?.how)).every((how) => how === 'layer'))
for (const name of [stopped[0] ?? '', stopped.at(-1) ?? '']) {
  await boot(name)
  while ((await show(name)).apps[0]?.state === 'pending') await new Promise((resolve) => setTimeout(resolve, 200))
  await answers(name)
}

const per = (milliseconds: number, count: number): string => `${(milliseconds / count / 1000).toFixed(2)} s`
const speed = byHand / PLAIN / (laying / (STOPPED - 1))
console.log(`- packages of nginx for ${OS}, verified and kept on the node: ${(building / 1000).toFixed(1)} s
- apt-get update and install in ${PLAIN} VPSs, one after the other: ${per(byHand, PLAIN)} each
- ${RUNNING} VPSs that run: ${per(adding, RUNNING)} each (four at once); each answers; ${(ownBefore / KIB).toFixed(0)} KiB private in each, ${(ownAfter / KIB).toFixed(0)} after they were
  stopped and relinked; what one reads of nginx is in RAM for another too: ${oneInRam ? 'yes' : 'no'}
- ${UPGRADED} of them upgraded: ${per(upgrading, UPGRADED)} each, ${RUNNING - UPGRADED} stay; removed: ${per(removing, RUNNING)} each, and nothing is left
- ${STOPPED} that are stopped: ${(layering / 1000).toFixed(1)} s for the first one and its layer, then ${(laying / (STOPPED - 1)).toFixed(0)} ms each, ${speed.toFixed(0)} times faster than
  apt-get; ${((own - empty) / KIB).toFixed(0)} KiB private more in each`)

/** Its own archive has what Debian has, as a later version. @returns the app version */
async function newerNginx(): Promise<string> {
  const beside = mkdtempSync('/var/tmp/insula-bench-apps-')
  const directory = join(node.instance.definitions, 'nginx')
  const archive = await debRepository(beside)
  try {
    await repacked(runner, ['nginx', 'nginx-common'], archive.directory, beside)
    await archive.publish()
    mkdirSync(join(directory, 'keys'), { recursive: true })
    writeFileSync(join(directory, 'keys/test.gpg'), archive.key)
    writeFileSync(
      join(directory, 'template.yaml'),
      `extends: nginx\nkind: app\nrepositories:\n  debian:\n    apt: [{name: test, address: "${archive.address}", suites: [stable], keys: [keys/test.gpg]}]\n`,
    )
    await node.insula('template', 'build', 'nginx')
    return (await node.insula('app', 'list', '-q')).trim().split('\n').at(-1) ?? ''
  } finally {
    await archive[Symbol.asyncDispose]()
    for (const path of [beside, directory]) rmSync(path, { recursive: true, force: true })
  }
}

/** Thrown out of RAM, and read by one of them: is it there for the other? */
async function sharedInRam(one: string, other: string): Promise<boolean> {
  const [digest = ''] = (await inside(one, 'systemctl stop nginx; sha256sum /usr/sbin/nginx')).split(' ')
  await inside(other, 'systemctl stop nginx')
  const contents = join(node.instance.volume, 'pool', digest.slice(0, 2), digest.slice(2))
  const resident = async (name: string): Promise<number> => {
    const { pid } = ((await node.ask('GET', `/v1/vps/${name}`)) as { vps: { pid: number } }).vps
    return Number((await runner.run(['fincore', '-b', '-n', '-o', 'RES', `/proc/${pid}/root/usr/sbin/nginx`])).stdout.trim())
  }
  for (let left = 50; left > 0 && (await resident(other)) > 0; left--)
    await runner.run(['dd', `if=${contents}`, 'iflag=nocache', 'count=0'])
  assert.equal(await resident(other), 0)
  await inside(one, 'cat /usr/sbin/nginx > /dev/null')
  const size = readFileSync(contents).length
  const found = await resident(other)
  for (const name of [one, other]) await inside(name, 'systemctl start nginx')
  return found >= size
}
