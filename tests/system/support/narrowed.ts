/** Shipped apps for one OS template alone: a node that tests share has many, and each takes its time. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import type { TestNode } from './node.ts'

/** As the provider's own definitions, until the test file ends. */
export function narrowed({ instance }: TestNode, apps: readonly string[], os: string): void {
  const directories = apps.map((app) => join(instance.definitions, app))
  after(() => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })))
  for (const [index, directory] of directories.entries()) {
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'template.yaml'), `extends: ${apps[index]}\nkind: app\nfits: [${os}]\n`)
  }
}
