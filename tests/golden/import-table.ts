/** Who may import whom. */

import { posix } from 'node:path'
import type { Import, Module } from './imports.ts'

type Cell = 'yes' | 'types'

export interface Row {
  /** Packages of ours; what is not named is forbidden. */
  readonly ours: Readonly<Record<string, Cell>>
  /** Third parties; 'own' are the dependencies of its package.json, which the dead code check keeps honest. */
  readonly others: readonly string[] | 'own'
  /** Modules of Node. */
  readonly builtins: boolean
}

export const TABLE: Readonly<Record<string, Row>> = {
  contract: { ours: { model: 'types' }, others: ['zod'], builtins: false },
  model: { ours: { contract: 'types' }, others: [], builtins: false },
  kernel: { ours: {}, others: ['koffi'], builtins: true },
  vzfs: { ours: { model: 'types', kernel: 'yes' }, others: [], builtins: true },
  templates: { ours: { contract: 'types', model: 'yes', kernel: 'yes', vzfs: 'yes' }, others: [], builtins: true },
  node: { ours: { contract: 'yes', model: 'yes', kernel: 'yes', vzfs: 'yes', templates: 'yes' }, others: 'own', builtins: true },
  cli: { ours: { contract: 'yes', model: 'yes' }, others: 'own', builtins: true },
}

/** Modules that only tests load may use these as well. */
const FOR_TESTS = /^(?:node:.*|fast-check|es-module-lexer)$/
const TEST_MODULE = /(?:\.test\.ts$|\/(?:fake|testing)\/)/

/** Starting processes: one folder. Tests of the CLI start it as a user would. */
const PROCESS_STARTERS = new Set(['node:child_process', 'child_process'])
const PROCESS_FOLDER = 'packages/kernel/src/process/'
/** The CLI may not know kernel. The file says which process it starts, and why. */
const PROCESS_EXCEPTION = 'packages/cli/src/session/raw-output.ts'
const mayStartProcesses = (file: string): boolean =>
  file.startsWith(PROCESS_FOLDER) || file === PROCESS_EXCEPTION || TEST_MODULE.test(file)

/** Sentences; none when all is well. */
export function violations(module: Module): string[] {
  const faults = module.imports.flatMap((one) => {
    const fault = faultOf(module, one)
    return fault === null ? [] : [`${module.file} imports ${one.brings} of ${one.specifier}: ${fault}`]
  })
  return module.exports.includes('default') ? [...faults, `${module.file} has a default export`] : faults
}

function faultOf({ file }: Module, { specifier, brings }: Import): string | null {
  if (PROCESS_STARTERS.has(specifier) && !mayStartProcesses(file)) return `only ${PROCESS_FOLDER} starts processes`
  const name = /^packages\/([^/]+)\//.exec(file)?.[1]
  if (specifier === 'koffi' && name !== 'kernel') return 'only kernel calls into libraries'
  if (name === undefined) return null
  const row = TABLE[name]
  if (!row) return `the table does not know the package ${name}`
  if (specifier.startsWith('.')) {
    const inside = posix.join(posix.dirname(file), specifier).startsWith(`packages/${name}/`)
    return inside ? null : 'it lies in another package; import that by its name'
  }
  if (TEST_MODULE.test(file) && FOR_TESTS.test(specifier)) return null
  if (specifier.startsWith('node:')) return row.builtins ? null : `${name} does without Node`
  const ours = /^@insula\/([^/]+)/.exec(specifier)?.[1]
  if (ours === undefined) return row.others === 'own' || row.others.includes(specifier) ? null : `${name} may not use it`
  if (ours === name) return `a package does not import itself by name`
  const cell = row.ours[ours]
  if (cell === undefined) return `${name} may not know ${ours}`
  return cell === 'types' && brings === 'values' ? `${name} may use only types of ${ours}` : null
}
