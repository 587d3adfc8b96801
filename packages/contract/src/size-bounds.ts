/** What is said of a size that is too small: in the units that people write, not in bytes. */

import { type Bytes, formatSize } from './size.ts'

export const atLeast =
  (least: Bytes) =>
  ({ input }: { readonly input: unknown }): string =>
    `at least ${formatSize(least)}${typeof input === 'number' && input >= 0 ? `, not ${formatSize(input)}` : ''}`
