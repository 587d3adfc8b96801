/** Every way a request can be refused: code, HTTP status, whether the same request may succeed later, and the CLI's exit code. */

export interface ErrorFacts {
  readonly status: number
  readonly retryable: boolean
  readonly exit: number
  readonly meaning: string
}

export const errors = {
  invalid_request: { status: 400, retryable: false, exit: 2, meaning: 'the command or the request is not well formed' },
  payload_too_large: { status: 413, retryable: false, exit: 2, meaning: 'the request is larger than the node accepts' },
  not_found: { status: 404, retryable: false, exit: 3, meaning: 'there is no such VPS, template, volume or task' },
  template_unknown: { status: 404, retryable: false, exit: 3, meaning: 'the OS template to create from is not there' },
  conflict: { status: 409, retryable: false, exit: 4, meaning: 'the name is taken, or the state does not allow it' },
  address_in_use: { status: 409, retryable: false, exit: 4, meaning: 'the address belongs to another VPS or to the node' },
  limit_below_use: { status: 409, retryable: false, exit: 4, meaning: 'the limit is lower than what is in use now' },
  busy: { status: 409, retryable: true, exit: 5, meaning: 'another task is working on the same object' },
  unsupported: { status: 422, retryable: false, exit: 6, meaning: 'the kernel, the volume or a tool of this node cannot do it' },
  exhausted: { status: 409, retryable: false, exit: 7, meaning: 'no address, id or process is left to give' },
  no_space: { status: 507, retryable: false, exit: 7, meaning: 'the volume is full, or what the VPS may have of it is used up' },
  denied: { status: 403, retryable: false, exit: 8, meaning: 'you may not do that' },
  unavailable: {
    status: 503,
    retryable: true,
    exit: 9,
    meaning: 'the node daemon, its keeper, a volume or a package mirror cannot be reached',
  },
  cancelled: { status: 409, retryable: false, exit: 10, meaning: 'it was cancelled, or the question was not answered with yes' },
  start_failed: {
    status: 500,
    retryable: false,
    exit: 11,
    meaning: 'the VPS did not start: its init is missing or ended at once; or it did not boot in time',
  },
  internal: { status: 500, retryable: false, exit: 70, meaning: 'a fault of Insula itself' },
} as const satisfies Readonly<Record<string, ErrorFacts>>

export type ErrorCode = keyof typeof errors

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errors, text)
}

/** Exit codes of the CLI, lowest first, each with the error codes that lead to it. `exec` and `enter` pass on the command's own. */
export function exitCodes(): { exit: number; codes: ErrorCode[]; meaning: string }[] {
  const rows = new Map<number, { exit: number; codes: ErrorCode[]; meanings: string[] }>()
  for (const [code, facts] of Object.entries(errors) as [ErrorCode, ErrorFacts][]) {
    const row = rows.get(facts.exit) ?? { exit: facts.exit, codes: [], meanings: [] }
    row.codes.push(code)
    row.meanings.push(facts.meaning)
    rows.set(facts.exit, row)
  }
  return [...rows.values()]
    .toSorted((a, b) => a.exit - b.exit)
    .map(({ exit, codes, meanings }) => ({ exit, codes, meaning: meanings.join('; ') }))
}
