/** The smallest system that is one: a single static program under many names. */

export interface MicroRecipe {
  readonly kind: 'micro'
  /** Raise it when building does something else with the same recipe, so that digests tell the difference. */
  readonly revision: number
  readonly directories: Readonly<Record<string, number>>
  /** Path inside the template to contents and mode. */
  readonly files: Readonly<Record<string, { readonly contents: string; readonly mode: number }>>
}
