/** Kernel settings of a node with hundreds of VPSs, now and at each boot. Raised and never lowered. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SysctlNeed } from '@insula/kernel'
import { SYSCTLS } from '@insula/node'
import { contentsOf, placeFile } from '../files.ts'
import type { Plan, Work } from '../work.ts'

export const SYSCTL_FILE = '/etc/sysctl.d/60-insula.conf'

export const planSysctls: Plan = async ({ machine }) => {
  const found = new Map<string, number>()
  for (const { name } of SYSCTLS) {
    const value = await machine.probe.sysctl(name)
    if (value !== null) found.set(name, Number(value))
  }
  const raises = SYSCTLS.filter(({ name, atLeast }) => (found.get(name) ?? atLeast) < atLeast).map(({ name, atLeast }): Work => ({
    what: `raise ${name} from ${found.get(name)} to ${atLeast}`,
    run: () => machine.probe.setSysctl(name, String(atLeast)),
  }))
  const ours = parseSysctls(contentsOf(SYSCTL_FILE) ?? '')
  const text = sysctlFile(SYSCTLS, { found, ours, others: settingsOfOthers() })
  return [...raises, ...(text === null ? [] : placeFile(SYSCTL_FILE, text))]
}

export type Sysctls = ReadonlyMap<string, number>

/** What each boot has to set; null when other files set all of it. A value that is high enough now may have been set by hand, until the next boot. */
export function sysctlFile(
  needs: readonly SysctlNeed[],
  { found, ours, others }: { readonly found: Sysctls; readonly ours: Sysctls; readonly others: Sysctls },
): string | null {
  const lines = needs
    .filter(({ name, atLeast }) => found.has(name) && (others.get(name) ?? 0) < atLeast)
    .flatMap(({ name, atLeast, why }) => [
      `# ${why}`,
      `${name} = ${Math.max(found.get(name) ?? 0, ours.get(name) ?? 0, atLeast)}`,
    ])
  return lines.length === 0 ? null : ['# Written by Insula.', ...lines, ''].join('\n')
}

/** sysctl.d(5) */
export function parseSysctls(text: string): Map<string, number> {
  return new Map(
    text
      .split('\n')
      .map((line) => /^\s*-?([\w./-]+)\s*=\s*(\d+)\s*$/.exec(line))
      .flatMap((match): [string, number][] => (match?.[1] ? [[match[1].replaceAll('/', '.'), Number(match[2])]] : [])),
  )
}

/** Lower in this list is weaker; files of all of them are read in the order of their names, and the last one wins. sysctl.d(5) */
const DIRECTORIES = ['/etc/sysctl.d', '/run/sysctl.d', '/usr/local/lib/sysctl.d', '/usr/lib/sysctl.d']

function settingsOfOthers(): Sysctls {
  const files = new Map<string, string>()
  for (const directory of DIRECTORIES.toReversed()) {
    const names = existsSync(directory) ? readdirSync(directory) : []
    for (const name of names.filter((each) => each.endsWith('.conf'))) files.set(name, join(directory, name))
  }
  const others = [...files.values()].filter((file) => file !== SYSCTL_FILE)
  const text = others.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)).map((file) => contentsOf(file) ?? '')
  return parseSysctls(text.join('\n'))
}

const nameOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1)
