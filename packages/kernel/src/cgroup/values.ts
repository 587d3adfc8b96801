/** Reads the small files of the cgroup file systems. What is not there is null: a controller may be missing, a group may go at any moment. */

import { readdirSync, readFileSync } from 'node:fs'

export function text(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // ENODEV: opened, and the group went before it was read. EOPNOTSUPP: cgroup.procs of a threaded v2 group.
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'EOPNOTSUPP') return null
    throw error
  }
}

/** One number. "max" is not one. */
export function number(file: string): number | null {
  const value = Number.parseInt(text(file) ?? '', 10)
  return Number.isNaN(value) ? null : value
}

/** One number on each line. */
export function numbers(file: string): number[] {
  return (text(file) ?? '').split('\n').filter(Boolean).map(Number)
}

/** A line "name value" of a flat-keyed file. */
export function field(file: string, name: string): number | null {
  const line = text(file)
    ?.split('\n')
    .find((candidate) => candidate.startsWith(`${name} `))
  return line === undefined ? null : Number(line.slice(name.length + 1))
}

/** The group itself and all groups below it, parents first; none when it is not there. */
export function subtree(directory: string): string[] {
  const below = childrenOf(directory)
  return below === null ? [] : [directory, ...below.flatMap((name) => subtree(`${directory}/${name}`))]
}

export function childrenOf(directory: string): string[] | null {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENODEV') return null
    throw error
  }
}
