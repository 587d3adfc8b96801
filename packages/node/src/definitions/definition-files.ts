/** The files of a definition's directory. Nothing outside of it is read, however it is asked for, nor anything that is no plain file. */

import { constants } from 'node:fs'
import { lstat, open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { DefinitionInvalid } from './fault.ts'

export const TEMPLATE_FILE = 'template.yaml'
/** Of template.yaml. */
export const MOST_YAML = 128 << 10
/** Of any other file. */
const MOST_FILE = 4 << 20

export interface OwnFileNeed {
  readonly directory: string
  readonly name: string
  readonly most?: number
}

/** null when it is not there. @throws DefinitionInvalid when it is something else than a plain file inside of the directory */
export async function readOwnFile({ directory, name, most = MOST_FILE }: OwnFileNeed): Promise<Buffer | null> {
  const path = join(directory, name)
  const refuse = (message: string, remedy: string): never => {
    throw new DefinitionInvalid([{ file: path, line: null, key: '', message, remedy }])
  }
  const stats = await lstat(path).catch(absent)
  if (stats === null) return null
  if (!stats.isFile())
    return refuse(stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is no plain file', 'put a copy of the file there')
  const [real, root] = [await realpath(path), await realpath(directory)]
  if (!real.startsWith(`${root}/`)) return refuse(`it leads out of the definition, to ${real}`, 'put a copy of the file there')
  if (stats.mode & 0o002) return refuse('everybody may write to it, and what it says is done by root', `chmod o-w ${path}`)
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { size } = await file.stat()
    if (size > most) return refuse(`it has ${size} bytes; at most ${most} are read`, 'make it smaller')
    return await file.readFile()
  } finally {
    await file.close()
  }
}

function absent(error: unknown): null {
  const { code } = error as { code?: unknown }
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  throw error
}
