/**
 * Puts the CLI into a few files of plain JavaScript under node_modules, because Node takes about a millisecond for each module that it
 * loads from TypeScript, and a hundredth of that inside a file (docs/decisions/0014-cli-start-up.md). Nothing depends on it: bin/insula
 * runs the sources when there is no bundle, and a bundle that is older than one of its sources runs them itself.
 */

import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { SOURCES_FILE } from './sources-file.ts'

/** Loaded by every `insula exec`: one file. */
const HOT = [
  'cli/src/bundle/entry',
  'cli/src/bundle/sources-file',
  'cli/src/catalog',
  'cli/src/command',
  'cli/src/commands/exec',
  'cli/src/context-of',
  'cli/src/own-output',
  'cli/src/own-process',
  'cli/src/run',
  'cli/src/scan',
  'cli/src/session/exec-session',
  'cli/src/session/run-in-vps',
  'cli/src/transport/websocket',
  'contract/src/endpoints',
  'contract/src/paths',
]

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** The directory is there whole, or as it was. Gives the file to run. */
export async function buildBundle(target = join(root, 'node_modules/.insula-cli')): Promise<string> {
  const made = `${target}.new`
  rmSync(made, { recursive: true, force: true })
  const { output } = await build({
    input: { insula: join(root, 'packages/cli/src/bundle/entry.ts') },
    platform: 'node',
    output: {
      dir: made,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      comments: false,
      codeSplitting: { groups: [{ name: 'hot', test: (id) => HOT.some((file) => id.endsWith(`/${file}.ts`)) }] },
    },
  })
  const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))
  const own = modules.filter((id) => id.startsWith(join(root, 'packages')))
  const sources = [join(root, 'packages/cli/src/main.ts'), ...own].map((file) => relative(target, file))
  writeFileSync(join(made, SOURCES_FILE), sources.join('\n'))
  rmSync(target, { recursive: true, force: true })
  renameSync(made, target)
  return join(target, 'insula.cjs')
}
