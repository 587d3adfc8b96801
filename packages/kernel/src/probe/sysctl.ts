/** Kernel parameters below /proc/sys, by their names in sysctl(8). */

import { readFileSync, writeFileSync } from 'node:fs'
import { SysctlRefused } from './probe.ts'

export function readSysctl(name: string): string | null {
  try {
    return readFileSync(sysctlFile(name), 'utf8').trim()
  } catch (error) {
    // EACCES, EPERM: some can only be written.
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return null
    throw error
  }
}

export function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(sysctlFile(name), value, { flag: 'r+' })
  } catch (error) {
    throw new SysctlRefused(`cannot set sysctl ${name} to ${value}: ${explain(error as NodeJS.ErrnoException)}`, { cause: error })
  }
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'this kernel has none of that name'
  if (code === 'EINVAL') return 'the kernel does not take this value'
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return 'it may not be changed here'
  return code ?? message
}

/** The first separator of a name tells which of the two it uses. */
export function sysctlFile(name: string): string {
  const parts = /^[^./]*\//.test(name) ? name.split('/') : name.split('.')
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new SysctlRefused(`${name} is no name of a sysctl`)
  }
  return `/proc/sys/${parts.map((part) => part.replaceAll('/', '.')).join('/')}`
}
