/** Private files that others have too become links; and VPSs move to other builds of their template. */

import { z } from 'zod'
import { TemplateRef } from './scalars.ts'
import { Selection } from './selection.ts'

export const Share = z
  .enum(['all', 'templates', 'none'])
  .describe('What may become a link: what any VPS has, what templates have, or nothing')
  .meta({ id: 'Share' })
export type Share = z.infer<typeof Share>

export const VzfsRelink = Selection.meta({ id: 'VzfsRelink' })
export type VzfsRelink = z.infer<typeof VzfsRelink>

export const VpsRebase = z.strictObject({ template: TemplateRef }).meta({ id: 'VpsRebase' })
export type VpsRebase = z.infer<typeof VpsRebase>

/** What a task that relinks one VPS ends with. */
export interface RelinkReport {
  /** Private files that became links, and what they had on disk. */
  readonly files: number
  readonly bytes: number
  /** Of them, bytes that the pool did not have before. */
  readonly newPoolBytes: number
  /** What links that were there before stand for. */
  readonly linkedBytes: number
  /** Links that are private files again, because it may share less than it did, and what those take on disk. */
  readonly ownFiles: number
  readonly ownBytes: number
  readonly looked: number
  readonly hashedFiles: number
  readonly hashedBytes: number
  /** Files that are not what the pool has under their digest, and stay as they are. */
  readonly unlike: readonly string[]
  readonly milliseconds: number
}

/** What a task that relinks several ends with. */
export interface RelinkResult {
  readonly relinked: readonly { readonly vps: number; readonly name: string; readonly report: RelinkReport }[]
  /** Those that run: they are relinked when they stop or start next. */
  readonly marked: readonly { readonly vps: number; readonly name: string }[]
  readonly failed: readonly { readonly vps: number; readonly name: string; readonly message: string }[]
}
