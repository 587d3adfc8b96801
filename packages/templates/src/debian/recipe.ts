/** What a Debian system for a VPS consists of. */

export interface DebianRecipe {
  readonly kind: 'debian'
  /** Raise it when building does something else with the same recipe, so that digests tell the difference. */
  readonly revision: number
  /** "bookworm". */
  readonly suite: string
  /** On top of what is essential, required, and apt. */
  readonly packages: readonly string[]
  /** Path inside the template to contents. */
  readonly files: Readonly<Record<string, string>>
  /** Path inside the template to the link's target. */
  readonly links: Readonly<Record<string, string>>
}
