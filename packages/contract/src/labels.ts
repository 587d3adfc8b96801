/** Labels of a VPS, by which many are chosen: "role=web". Loads no zod. */

export const LABEL_KEY = /^[a-z](?:[a-z0-9._-]{0,38}[a-z0-9])?$/
export const LABEL_KEY_RULE = '1 to 40 lower-case letters, digits and . _ -, a letter first, a letter or digit last'
export const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9._@/+:-]{0,62})$/
export const LABEL_VALUE_RULE = '1 to 63 letters, digits and . _ @ / + : -, a letter or digit first'
export const MOST_LABELS = 32

/** What is looked for: a key, whatever its value is, or a key with its value. */
export const isLabelTerm = (text: string): boolean => {
  const [key, value] = parts(text)
  return LABEL_KEY.test(key) && (value === undefined || LABEL_VALUE.test(value))
}
export const LABEL_TERM_RULE = 'a label such as role=web, or its key alone'

/** @param terms all of them must hold */
export function hasLabels(labels: Readonly<Record<string, string>>, terms: readonly string[]): boolean {
  return terms.every((term) => {
    const [key, value] = parts(term)
    return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
  })
}

function parts(text: string): readonly [key: string, value: string | undefined] {
  const at = text.indexOf('=')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
