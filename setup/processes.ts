/** Insula's processes, under systemd or under our own supervisor: whether they run, starting and stopping them. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findMarked, type Instance, logFile, pidFile, readConfig, supervisorPid } from '@insula/node'
import { answers } from './api.ts'
import { compilePrograms } from './compile-programs.ts'
import { contentsOf } from './files.ts'
import { lastReason } from './last-reason.ts'
import { type Setting, SetupFailed } from './work.ts'
import { unitNames } from './units.ts'

const START_MS = 180_000
const STOP_MS = 45_000
const POLL_MS = 50

export async function run(setting: Setting): Promise<boolean> {
  if (!(await answers(setting.instance))) return false
  return setting.machine.systemd ? await unitsAreActive(setting) : supervisorPid(setting.instance) !== null
}

/** What `start` would do, in words: some of them may run already. */
export async function whatIsMissing(setting: Setting): Promise<string> {
  const { instance, machine } = setting
  const how = machine.systemd ? 'units of systemd' : 'supervised in the background'
  if (machine.systemd) {
    const missing = await unitsNotActive(setting)
    const all = missing.length === unitNames(instance.name).length
    return `start ${all || missing.length === 0 ? `insulad and insula-keeper (${how})` : missing.join(', ')}`
  }
  const living = supervised(instance).filter(({ pid }) => pid !== null)
  const names = living.map(({ name }) => (name === 'keeper' ? 'insula-keeper' : name)).join(' and ')
  if (living.length === 0) return `start insulad and insula-keeper (${how})`
  if (supervisorPid(instance) === null) return `start insula-supervisor, which has ended; it adopts ${names}`
  return `wait for insulad, which ${living.length === 2 ? 'does not answer' : 'its supervisor starts'}`
}

/** What it started does not stay when it does not come to serve. */
export async function start(setting: Setting): Promise<void> {
  requireConfig(setting)
  const before = await isThere(setting)
  try {
    await startThem(setting)
    await serving(setting)
  } catch (error) {
    if (!before) await stop(setting)
    throw error instanceof SetupFailed ? error : await notServing(setting, error)
  }
}

/** Without one that it can read insulad ends at once, is started again and ends again: there is nothing to wait for. */
function requireConfig({ instance }: Setting): void {
  try {
    readConfig(instance.configFile)
  } catch (error) {
    const what = `insulad of instance ${instance.name} cannot start: ${(error as Error).message}`
    throw new SetupFailed(what, `mend ${instance.configFile}`, { cause: error })
  }
}

async function startThem({ instance, machine, home }: Setting): Promise<void> {
  await compilePrograms(machine.runner, home)
  if (machine.systemd) {
    await machine.runner.run(['systemctl', 'enable', '--now', ...unitNames(instance.name)], { deadline: START_MS })
  } else {
    const program = join(home, 'packages/node/src/insula-supervisor.ts')
    await machine.runner.run([process.execPath, program, '--instance', instance.name, '--daemon'], { deadline: START_MS })
  }
}

/** insulad alone, for a changed configuration: VPSs do not notice. */
export async function restartDaemon(setting: Setting): Promise<void> {
  const { instance, machine } = setting
  if (machine.systemd) await machine.runner.run(['systemctl', 'restart', `insulad@${instance.name}.service`])
  else {
    const pid = pidIn(pidFile(instance, 'insulad'))
    if (pid !== null) process.kill(pid, 'SIGTERM')
    for (const deadline = Date.now() + START_MS; Date.now() < deadline && (await answers(instance)) && alive(pid);)
      await sleep(POLL_MS)
  }
  await serving(setting)
}

/** Whether there is anything to stop. */
export async function isThere(setting: Setting): Promise<boolean> {
  if (setting.machine.systemd) return unitsAreKnown(setting)
  return supervisorPid(setting.instance) !== null || supervised(setting.instance).some(({ pid }) => pid !== null)
}

/** All of them, lxcfs too. VPSs must have stopped. */
export async function stop(setting: Setting): Promise<void> {
  const { instance, machine } = setting
  if (machine.systemd) {
    await machine.runner.run(['systemctl', 'disable', '--now', ...unitNames(instance.name).toReversed()], { deadline: STOP_MS })
    return
  }
  const supervisor = supervisorPid(instance)
  // It stops insulad, then the keeper, and lxcfs with it.
  if (supervisor !== null) await end(instance, 'insula-supervisor', supervisor, 'SIGUSR1')
  // What it left behind if it was killed.
  for (const { name, pid, signal } of supervised(instance)) if (pid !== null) await end(instance, name, pid, signal)
}

/** In the order in which they stop. */
function supervised(instance: Instance): { name: string; signal: NodeJS.Signals; pid: number | null }[] {
  const look = (name: string): number | null => findMarked(pidFile(instance, name))
  return [
    { name: 'insulad', signal: 'SIGTERM', pid: look('insulad') },
    { name: 'keeper', signal: 'SIGUSR1', pid: look('keeper') },
  ]
}

async function end(instance: Instance, name: string, pid: number, signal: NodeJS.Signals): Promise<void> {
  process.kill(pid, signal)
  for (const deadline = Date.now() + STOP_MS; alive(pid); await sleep(POLL_MS)) {
    if (Date.now() > deadline) {
      throw new SetupFailed(`${name} (pid ${pid}) did not end within ${STOP_MS / 1000} s`, `see ${instance.logs}`)
    }
  }
}

async function serving(setting: Setting): Promise<void> {
  // The supervisor as well: processes that it adopts answer before it is ready.
  for (const deadline = Date.now() + START_MS; !(await run(setting)); await sleep(POLL_MS)) {
    if (Date.now() > deadline) throw await notServing(setting)
  }
}

async function notServing({ instance, machine }: Setting, cause?: unknown): Promise<SetupFailed> {
  const unit = `insulad@${instance.name}`
  const log = logFile(instance, 'insulad')
  const text = machine.systemd
    ? (await machine.runner.run(['journalctl', '-u', unit, '-n', '5', '--no-pager', '-o', 'cat'])).stdout
    : (contentsOf(log) ?? '')
  const reason = lastReason(text) ?? (cause instanceof Error ? cause.message : 'it does not answer')
  return new SetupFailed(
    `insulad of instance ${instance.name} did not come up: ${reason}`,
    machine.systemd ? `see journalctl -u ${unit}` : `see the logs in ${instance.logs}`,
    { cause },
  )
}

/** systemctl itself is content with one of them. */
async function unitsAreActive(setting: Setting): Promise<boolean> {
  return (await unitsNotActive(setting)).length === 0
}

async function unitsNotActive(setting: Setting): Promise<string[]> {
  const active = await statesOf(setting, 'is-active')
  const enabled = await statesOf(setting, 'is-enabled')
  return unitNames(setting.instance.name).filter((_, at) => active[at] !== 'active' || enabled[at] !== 'enabled')
}

async function unitsAreKnown(setting: Setting): Promise<boolean> {
  if ((await statesOf(setting, 'is-active')).some((state) => state !== 'inactive')) return true
  return (await statesOf(setting, 'is-enabled')).includes('enabled')
}

/** One word for each unit that exists; there may be none. Which it is comes as the exit code as well. */
async function statesOf({ instance, machine }: Setting, question: 'is-active' | 'is-enabled'): Promise<string[]> {
  const { stdout } = await machine.runner.run(['systemctl', question, ...unitNames(instance.name)], { accept: [0, 1, 2, 3, 4] })
  return stdout.split('\n').filter((state) => state !== '')
}

function pidIn(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8')) || null
  } catch {
    return null
  }
}

function alive(pid: number | null): boolean {
  if (pid === null) return false
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
