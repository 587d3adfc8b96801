/** The host's mounts, from proc(5) mountinfo. */

import { readFileSync, realpathSync } from 'node:fs'

export interface Mount {
  readonly target: string
  readonly type: string
  readonly device: string
  /** Of the file system, not of this mount of it. */
  readonly options: readonly string[]
  /** The mount or the file system. */
  readonly readOnly: boolean
}

/** The mount that is exactly at `path`; null when nothing is mounted there. */
export function mountAt(path: string, mountinfo = readMountinfo()): Mount | null {
  const target = real(path)
  return mountsIn(mountinfo).findLast((mount) => mount.target === target) ?? null
}

/** The mount that `path` lies on: the last of those whose mount point is the longest that contains it. */
export function mountOf(path: string, mountinfo = readMountinfo()): Mount {
  const place = real(path)
  const holding = mountsIn(mountinfo).filter(({ target }) => `${place}/`.startsWith(target === '/' ? '/' : `${target}/`))
  const longest = Math.max(...holding.map(({ target }) => target.length))
  return (
    holding.findLast(({ target }) => target.length === longest) ?? {
      target: '/',
      type: 'unknown',
      device: '',
      options: [],
      readOnly: false,
    }
  )
}

const readMountinfo = (): string => readFileSync('/proc/thread-self/mountinfo', 'utf8')

/** The kernel's table has no symbolic links in its paths. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function mountsIn(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const [type = '', device = '', options = ''] = after.split(' ')
      const [, , , , target = '', mountOptions = ''] = before.split(' ')
      const readOnly = [mountOptions, options].some((list) => list.split(',').includes('ro'))
      return { target: unescape(target), type, device: unescape(device), options: options.split(','), readOnly }
    })
}

/** Space, tab, newline and backslash are written in octal. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
