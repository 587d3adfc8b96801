/** layer.json: read with distrust, because what is on a disk can be anything. */

import { damaged, isRecord, readJson } from './json-file.ts'
import type { LayerInfo } from './vzfs.ts'

export async function readLayerInfo(path: string, name: string): Promise<LayerInfo | null> {
  const value = await readJson(path)
  if (value === undefined) return null
  if (!isRecord(value)) throw damaged(path, 'it is not an object')
  const number = (field: string): number => {
    const found = value[field]
    if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0) return found
    throw damaged(path, `${field} is ${JSON.stringify(found)}`)
  }
  const text = (field: string): string => {
    const found = value[field]
    if (typeof found === 'string') return found
    throw damaged(path, `${field} is ${JSON.stringify(found)}`)
  }
  if (value.name !== name) throw damaged(path, `it is about ${JSON.stringify(value.name)}`)
  return {
    name,
    files: number('files'),
    sharedFiles: number('sharedFiles'),
    bytes: number('bytes'),
    newPoolBytes: number('newPoolBytes'),
    builtAt: text('builtAt'),
    digest: text('digest'),
  }
}
