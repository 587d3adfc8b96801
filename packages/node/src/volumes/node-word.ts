/** The word by which a node knows its volumes, written on the first of them. */

import { randomBytes } from 'node:crypto'
import { FIRST_VOLUME } from '@insula/contract'
import { readMark, writeMark } from '@insula/vzfs'

/** @throws when the directory is a volume that was added to some node */
export async function nodeWord(first: string): Promise<string> {
  const mark = await readMark(first)
  if (mark !== null && mark.name !== FIRST_VOLUME)
    throw new Error(`${first} is the volume "${mark.name}" of another node; give this one a directory of its own`)
  if (mark !== null) return mark.node
  const node = randomBytes(16).toString('hex')
  await writeMark(first, { node, name: FIRST_VOLUME })
  return node
}
