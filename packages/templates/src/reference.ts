/** Names of template versions: "debian-12@2026-11-23.1" is the first build of that day. */

export interface TemplateReference {
  readonly name: string
  /** UTC, "2026-11-23". */
  readonly date: string
  readonly build: number
}

const REFERENCE = /^([a-z0-9][a-z0-9._-]*)@(\d{4}-\d{2}-\d{2})\.([1-9]\d{0,5})$/

export function parseReference(text: string): TemplateReference | null {
  const [, name, date, build] = REFERENCE.exec(text) ?? []
  return name === undefined || date === undefined || build === undefined ? null : { name, date, build: Number(build) }
}

export const formatVersion = ({ date, build }: TemplateReference): string => `${date}.${build}`
export const formatReference = (reference: TemplateReference): string => `${reference.name}@${formatVersion(reference)}`

/** Older first. */
export function compareReferences(a: TemplateReference, b: TemplateReference): number {
  return compareText(a.name, b.name) || compareText(a.date, b.date) || a.build - b.build
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

/** The version that a build at `now` gets, given all that exist. */
export function nextReference(name: string, existing: readonly TemplateReference[], now: Date): TemplateReference {
  const date = now.toISOString().slice(0, 10)
  const builds = existing.filter((other) => other.name === name && other.date === date).map((other) => other.build)
  return { name, date, build: Math.max(0, ...builds) + 1 }
}
