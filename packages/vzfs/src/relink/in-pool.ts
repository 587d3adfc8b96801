import { poolKey } from '../names.ts'
import { statOrNull } from './lower.ts'

export const isInPool = (pool: string, digest: string): boolean => statOrNull(Buffer.from(pool + poolKey(digest))) !== null
