/** Sizes as people write them. K, M, G, T are powers of 1024, with or without "iB" or "B"; a bare number is bytes. */

export type Bytes = number

/** Of memory and of disk space that a VPS may be limited to. */
export const LEAST_BYTES: Bytes = 1024 * 1024

const POWERS = ['', 'K', 'M', 'G', 'T', 'P'] as const
const SIZE = /^(\d{1,15}(?:\.\d{1,6})?)\s?([KMGTP]?)(?:iB|B)?$/i

/** Whole bytes, rounded down; null if `text` is not a size or is beyond what a number holds exactly. */
export function parseSize(text: string): Bytes | null {
  const match = SIZE.exec(text.trim())
  if (match === null) return null
  const [, amount = '', unit = ''] = match
  const power = POWERS.findIndex((letter) => letter === unit.toUpperCase())
  if (power === 0 && amount.includes('.')) return null
  const bytes = Math.floor(Number(amount) * 1024 ** power)
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** Short, for people: at most four significant characters and a unit, "512M", "1.5G". */
export function formatSize(bytes: Bytes): string {
  let power = 0
  let amount = bytes
  while (amount >= 1024 && power < POWERS.length - 1) {
    amount /= 1024
    power += 1
  }
  if (power === 0) return `${bytes}B`
  const shown = amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount)
  // 1023.6K rounds to 1024K, which is 1M.
  if (shown === 1024 && power < POWERS.length - 1) return `1${POWERS[power + 1]}`
  return `${shown}${POWERS[power]}`
}
