/** Files that are on disk when the promise resolves. fsync(2) */

import { open } from 'node:fs/promises'

/** Writes a new file. Its name is durable only after `syncDirectory` of its parent, or of a directory it is renamed into. */
export async function writeDurable(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
