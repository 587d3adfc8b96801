/**
 * Since when Insula is up: from a boot of the machine or a ./up, until a ./down or the machine's end. Daemons come and go meanwhile. ./down removes
 * the mark; the machine's end does so too where /run is in memory, and else the boot's id in it tells.
 */

import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from './instance.ts'

type Place = Pick<Instance, 'run'>

export const upSinceFile = ({ run }: Place): string => join(run, 'up-since')

/** proc(5): changes with every boot. */
const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** Another word each time that it comes up; null when it is not up. */
export function upSince(place: Place): string | null {
  try {
    const mark = readFileSync(upSinceFile(place), 'utf8')
    return mark.startsWith(`${bootId()} `) ? mark : null
  } catch {
    return null
  }
}

export function markUp(place: Place): string {
  const there = upSince(place)
  if (there !== null) return there
  const mark = `${bootId()} ${randomUUID()}`
  mkdirSync(place.run, { recursive: true, mode: 0o711 })
  writeFileSync(upSinceFile(place), mark)
  return mark
}
