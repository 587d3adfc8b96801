/** What a relink is told, and what it tells. */

/** What may become a link: what anybody has, what templates have, or nothing. */
export type Share = 'all' | 'templates' | 'none'

export interface RelinkOptions {
  readonly share: Share
  /** Of files that have to be read. */
  readonly progress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface RebaseOptions extends RelinkOptions {
  /** The area has to show all that differs between its layers and the new ones, so nothing of its own may lie there. */
  readonly whole?: boolean
}

export interface RelinkReport {
  /** Private files that became links, and what they had on disk. */
  readonly files: number
  readonly bytes: number
  /** Of them, bytes that the pool did not have before. */
  readonly newPoolBytes: number
  /** What links that were there before stand for, on disk. */
  readonly linkedBytes: number
  /** Links that are private files again, because the area may not share them any more, and what those take on disk. */
  readonly ownFiles: number
  readonly ownBytes: number
  /** Private files that could be shared if another had the same, and of them those that had to be read. */
  readonly looked: number
  readonly hashedFiles: number
  readonly hashedBytes: number
  /** Files whose digest the pool has with other contents: the pool is damaged there, and they stay as they are. */
  readonly unlike: readonly string[]
  readonly milliseconds: number
}

/** Of an area in which nothing was found. */
export const NOTHING: RelinkReport = {
  files: 0,
  bytes: 0,
  newPoolBytes: 0,
  linkedBytes: 0,
  ownFiles: 0,
  ownBytes: 0,
  looked: 0,
  hashedFiles: 0,
  hashedBytes: 0,
  unlike: [],
  milliseconds: 0,
}
