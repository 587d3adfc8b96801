/**
 * Text of the node's for a terminal. Names of files come from tenants and archives, and may hold what a terminal obeys; such characters are shown as JSON writes
 * them, so that output that is JSON stays what it is. A line may end as a terminal in raw mode wants it.
 */

// oxlint-disable-next-line no-control-regex -- these are meant
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/g

export const shown = (text: string): string =>
  text.replace(CONTROL, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
