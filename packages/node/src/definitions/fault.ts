/** What is wrong with a definition, where, and what to do. */

export interface Fault {
  readonly file: string
  /** From 1; null when it is about the file as a whole. */
  readonly line: number | null
  /** "install.packages[3]"; empty when it is about no key. */
  readonly key: string
  readonly message: string
  readonly remedy: string
}

/** "FILE:12: install.packages[3]: why" */
export function formatFault({ file, line, key, message }: Fault): string {
  const place = line === null ? file : `${file}:${line}`
  return key === '' ? `${place}: ${message}` : `${place}: ${key}: ${message}`
}

export class DefinitionInvalid extends Error {
  override readonly name = 'DefinitionInvalid'
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    const [first, ...others] = faults
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`
    super(first === undefined ? 'the definition is not valid' : `${formatFault(first)}${more}`)
    this.faults = faults
  }
  get remedy(): string {
    return this.faults[0]?.remedy ?? ''
  }
}
