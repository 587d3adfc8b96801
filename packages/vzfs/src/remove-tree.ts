/** Deletes a tree that this program made, whose paths the kernel takes in one call. Idempotent. */

import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { errnoOf } from './errors.ts'

export function removeTree(path: Buffer, step: () => void = () => {}): void {
  let isDirectory: boolean
  try {
    isDirectory = lstatSync(path).isDirectory()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    throw error
  }
  if (isDirectory) {
    for (const name of readdirSync(path, { encoding: 'buffer' })) removeTree(Buffer.concat([path, SLASH, name]), step)
    step()
    rmdirSync(path)
  } else {
    step()
    unlinkSync(path)
  }
}

const SLASH = Buffer.from('/')
