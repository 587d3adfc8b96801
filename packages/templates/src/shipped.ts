import { join } from 'node:path'

/** The directory of the definitions that come with Insula: one directory each. */
export const shippedDefinitions = join(import.meta.dirname, '..', 'shipped')
