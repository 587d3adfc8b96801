/** Which of two versions of a Debian package is later. deb-version(7) */

/** Below 0: `a` is earlier. */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [split(a), split(b)]
  return (
    first.epoch - second.epoch || compareParts(first.upstream, second.upstream) || compareParts(first.revision, second.revision)
  )
}

function split(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  }
}

/** By turns what is no digits, by character, and numbers. */
function compareParts(a: string, b: string): number {
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    const [words, otherWords] = [/^\D*/.exec(left)?.[0] ?? '', /^\D*/.exec(right)?.[0] ?? '']
    for (let at = 0; at < Math.max(words.length, otherWords.length); at++) {
      const order = orderOf(words[at]) - orderOf(otherWords[at])
      if (order !== 0) return order
    }
    left = left.slice(words.length)
    right = right.slice(otherWords.length)
    const [digits, otherDigits] = [/^\d*/.exec(left)?.[0] ?? '', /^\d*/.exec(right)?.[0] ?? '']
    const difference = BigInt(digits || 0) - BigInt(otherDigits || 0)
    if (difference !== 0n) return difference < 0n ? -1 : 1
    left = left.slice(digits.length)
    right = right.slice(otherDigits.length)
  }
  return 0
}

/** `~` goes before the end, the end before letters, letters before everything else. */
function orderOf(character: string | undefined): number {
  if (character === undefined) return 0
  if (character === '~') return -1
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}
