/** Which processes of an installation run, and what the log of one that does not says last. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '@insula/contract/light'
import { instanceOption } from '../transport/refused.ts'
import { finding, type Installation } from './installation.ts'

const LINES = 3

export function examineProcesses(installation: Installation): Finding[] {
  return existsSync(join(installation.systemd, 'system')) ? units(installation) : children(installation)
}

function units({ instance, systemd }: Installation): Finding[] {
  const logs = `journalctl -n 20 -u insulad@${instance} tells why`
  const down = ['insula-volume', 'insula-keeper', 'insulad']
    .map((name) => `${name}@${instance}`)
    // A link of systemd's for each unit that is not down.
    .filter((unit) => !existsSync(join(systemd, `units/invocation:${unit}.service`)))
  if (down.length === 0) {
    return [
      finding('error', 'insulad', 'its unit is active, and it does not answer', `${logs}; systemctl restart insulad@${instance}`),
    ]
  }
  return down.map((unit) => finding('error', unit, 'the unit is down', `systemctl start ${unit}; ${logs}`))
}

function children({ instance, places, proc }: Installation): Finding[] {
  const pidOf = (name: string): number | null => livingPid(join(places.run, `${name}.pid`), proc)
  const [supervisor, keeper, insulad] = [pidOf('supervisor'), pidOf('keeper'), pidOf('insulad')]
  const up = `sudo ./up${instanceOption(instance)} in the checkout starts it`
  const logged =
    supervisor === null ? up : `its supervisor (pid ${supervisor}) starts it again and again; the log tells why it ends`
  const log = join(places.logs, 'insulad.log')
  return [
    supervisor === null
      ? finding('error', 'insula-supervisor', 'it does not run: nobody starts insulad and insula-keeper', up)
      : finding('ok', 'insula-supervisor', `it runs (pid ${supervisor})`),
    insulad === null
      ? finding('error', 'insulad', `it does not run${lastLines(log)}`, logged)
      : finding(
          'error',
          'insulad',
          `it runs (pid ${insulad}) and does not answer${lastLines(log)}`,
          `kill ${insulad}; VPSs go on, and another one takes over`,
        ),
    keeper === null
      ? finding(
          'error',
          'insula-keeper',
          `it does not run; VPSs go on without it${lastLines(join(places.logs, 'keeper.log'))}`,
          up,
        )
      : finding('ok', 'insula-keeper', `it runs (pid ${keeper})`),
  ]
}

/** Of a process that can be ours; a pid file stays when its process is killed. */
function livingPid(file: string, proc: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return readFileSync(`${proc}/${pid}/cmdline`, 'latin1').includes('insula') ? pid : null
  } catch {
    return null
  }
}

function lastLines(log: string): string {
  try {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LINES)
    return lines.join('') === '' ? '' : `. ${log} ends with: ${lines.map(said).join(' | ')}`
  } catch {
    return ''
  }
}

/** Lines are JSON, but for what Node itself writes. */
function said(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { readonly msg?: string; readonly err?: { readonly message?: string } }
    return err?.message === undefined ? (msg ?? line) : `${msg}: ${err.message}`
  } catch {
    return line
  }
}
