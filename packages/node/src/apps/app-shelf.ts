/** The apps of this node as the daemon sees them. */

import type { App } from '@insula/templates'
import type { BuildOptions } from '../template-shelf.ts'

export interface AppShelf {
  /** All versions of all apps, oldest first within a name. */
  list(): Promise<App[]>
  build(name: string, options: BuildOptions): Promise<App>
  remove(ref: string): Promise<void>
  /** Where the contents of a file of a version lie. */
  contents(ref: string, path: string): Promise<string | null>
}
