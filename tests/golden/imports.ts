/** Every import in the repository's own modules, with what it brings: values at run time, or types alone. */

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { init, parse } from 'es-module-lexer'

export interface Import {
  readonly specifier: string
  readonly brings: 'values' | 'types'
}

export interface Module {
  /** From the root of the repository: "packages/kernel/src/index.ts". */
  readonly file: string
  readonly imports: readonly Import[]
  readonly exports: readonly string[]
  readonly lines: number
}

export const ROOT = join(import.meta.dirname, '../..')

export async function allModules(): Promise<Module[]> {
  await init()
  return globSync(['{packages,setup,test*,bench}/**/*.ts'], { cwd: ROOT, exclude: (path) => path.includes('node_modules') })
    .toSorted()
    .map(readModule)
}

function readModule(file: string): Module {
  const source = readFileSync(join(ROOT, file), 'utf8')
  const { imports, exports } = parseModule(source)
  return { file, imports, exports, lines: source.split('\n').length - 1 }
}

/** `init` of the lexer must have ended. */
export function parseModule(source: string): Pick<Module, 'imports' | 'exports'> {
  const [imports, exports] = parse(source)
  return {
    imports: imports.flatMap((one): Import[] => {
      if (one.specifier === null || one.specifier === undefined) return []
      const types = one.type === 'dynamic' ? one.probablyTypeOnly : one.typeOnly
      return [{ specifier: one.specifier, brings: types ? 'types' : 'values' }]
    }),
    exports: exports.flatMap((one) => ('name' in one ? [one.name] : [])),
  }
}
