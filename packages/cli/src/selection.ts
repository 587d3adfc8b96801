/** Which VPSs are meant: some by name, all, or those that have something. The same words for every command on many. */

import {
  LABEL_TERM_RULE,
  TEMPLATE_REF,
  TEMPLATE_RULE,
  VPS_NAME_RULE,
  type Vps,
  isLabelTerm,
  isVpsName,
} from '@insula/contract/light'
import { UsageError } from './command.ts'
import type { Context } from './context.ts'

const plan = { value: 'PLAN', about: 'those of a plan', parse: planName } as const
const label = {
  value: 'KEY[=VALUE]',
  many: true,
  about: 'those with a label (repeatable: with all of them)',
  parse: labelTerm,
} as const
const having = {
  template: {
    value: 'TEMPLATE',
    about: 'those of an OS template, or of one version of it',
    parse: reference,
    complete: 'template',
  },
  app: { value: 'APP', about: 'those that have an app, or one version of it', parse: reference },
} as const

export const selectionOptions = { all: { short: 'a', about: 'all VPSs' }, ...having, plan, label } as const
/** Where --plan and --label say what is to be. */
export const otherSelectionOptions = { all: selectionOptions.all, ...having, 'with-plan': plan, 'with-label': label } as const
/** Where all that there are is what nobody asks for. */
export const filterOptions = { ...having, plan, label } as const

interface Having {
  readonly template: string | undefined
  readonly app: string | undefined
  readonly plan: string | undefined
  readonly label: readonly string[]
}

export interface SelectionOptions extends Having {
  readonly all: boolean
}

export interface OtherSelectionOptions extends Pick<SelectionOptions, 'all' | 'template' | 'app'> {
  readonly 'with-plan': string | undefined
  readonly 'with-label': readonly string[]
}

export const usual = (options: OtherSelectionOptions): SelectionOptions => ({
  ...options,
  plan: options['with-plan'],
  label: options['with-label'],
})

interface Said {
  /** Names belong there on the command line. */
  readonly where?: string
  /** Of the options that choose by what VPSs have. */
  readonly words?: readonly string[]
}
const WORDS = ['--template', '--app', '--plan', '--label'] as const
/** Where --plan and --label say what is to be. */
export const OTHER_WORDS = ['--template', '--app', '--with-plan', '--with-label'] as const

/** As a request says it. */
export function selectionOf(vps: readonly string[], options: SelectionOptions, { where = '', words = WORDS }: Said = {}) {
  const { all } = options
  const wanted = havingOf(options)
  const ways = [vps.length > 0, all, wanted !== null].filter(Boolean).length
  if (ways === 0)
    throw new UsageError(`needs the name of a VPS${where}, or --all, ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`)
  if (ways > 1) throw new UsageError(`takes either names, or --all, or what VPSs have (${words.join(', ')})`)
  if (wanted !== null) return wanted
  return all ? { all: true as const } : { vps: [...new Set(vps)] }
}

/** @returns null when nothing of it is given */
function havingOf({ template, app, plan: ofPlan, label: labels }: Having) {
  if (template === undefined && app === undefined && ofPlan === undefined && labels.length === 0) return null
  return {
    ...(template === undefined ? {} : { template }),
    ...(app === undefined ? {} : { app }),
    ...(ofPlan === undefined ? {} : { plan: ofPlan }),
    ...(labels.length === 0 ? {} : { labels: [...labels] }),
  }
}

/** As a query of a list says it. */
export function filterOf(options: Having) {
  const { labels, ...rest } = havingOf(options) ?? {}
  return { ...rest, ...(labels === undefined ? {} : { labels: labels.join(',') }) }
}

/** The VPSs themselves, where each is asked for by a request of its own. */
export async function namesChosen(
  context: Context,
  vps: readonly string[],
  options: SelectionOptions,
  isMeant: (vps: Vps) => boolean,
  words: readonly string[] = WORDS,
): Promise<readonly string[]> {
  const select = selectionOf(vps, options, { words })
  if ('vps' in select) return select.vps
  const found = await (await context.client()).vpsList({ query: filterOf(options) })
  if (found.vps.length === 0) context.note(options.all ? 'there is no VPS' : 'no VPS is like that')
  return found.vps.filter(isMeant).map(({ name }) => name)
}

export function reference(text: string): string {
  if (TEMPLATE_REF.test(text)) return text
  throw new UsageError(`takes ${TEMPLATE_RULE}, not '${text}'`)
}

export function planName(text: string): string {
  if (isVpsName(text)) return text
  throw new UsageError(`takes ${VPS_NAME_RULE}, not '${text}'`)
}

function labelTerm(text: string): string {
  if (isLabelTerm(text)) return text
  throw new UsageError(`takes ${LABEL_TERM_RULE}, not '${text}'`)
}
