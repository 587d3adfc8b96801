/** Updates a system of RPM packages with its own rpm: what it has goes to later versions. rpm(8) */

import { REPOSITORY } from './apt-inside.ts'
import { howItEnded, InsideFailed, type InsideResult } from './inside.ts'
import { bring, must, quietly, sweep, type Work } from './work.ts'

const SECONDS = 1_800
/** The tenant's own package manager is waited for. */
const LOCK_SECONDS = 120
const QUERY = ['rpm', '--query', '--all', '--queryformat', '%{NAME}\\t%{EPOCH}:%{VERSION}-%{RELEASE}.%{ARCH}\\n'] as const

/**
 * Only packages that are installed in an earlier version change; others come only if those need them. Configuration that was changed stays, as packages say.
 * Cut off, it can be done again. @returns how many packages changed @throws InsideFailed
 */
export async function updateRpms(work: Work): Promise<number> {
  try {
    await bring(work)
    const before = await installed(work)
    const { packages, wanted } = work.system
    const asked = new Set(wanted.map(({ name }) => name))
    const files = packages.filter(({ name }) => asked.has(name) && before.has(name)).map(({ file }) => `${REPOSITORY}/${file}`)
    if (files.length === 0) return 0
    const others = packages.filter(({ name }) => !asked.has(name)).map(({ file }) => `${REPOSITORY}/${file}`)
    const argv = await chosen(work, files, others)
    work.step('updating packages')
    await rpm(work, argv, 'update')
    const after = await installed(work)
    return [...after].filter(([name, versions]) => before.has(name) && before.get(name) !== versions).length
  } finally {
    await sweep(work).catch(() => undefined)
  }
}

/** What is already there in a later version is left out (--freshen), unless something new has to come along. */
async function chosen(work: Work, files: readonly string[], others: readonly string[]): Promise<readonly string[]> {
  const freshen = ['--freshen', ...files]
  const tried = await attempt(quietly(work), ['--test', ...freshen])
  return tried.code === 0 || others.length === 0 || !/is needed by/.test(said(tried))
    ? freshen
    : ['--upgrade', ...files, ...others]
}

async function rpm(work: Work, words: readonly string[], phase: string): Promise<void> {
  const result = await attempt(work, words)
  if (result.code === 0) return
  const remedy = /installing package .* needs .* on the .* filesystem|No space left/.test(said(result))
    ? 'its disk is full: free some space inside, or give it more with `insula set VPS --disk`'
    : "the task's log has all that was said"
  throw new InsideFailed(phase, `${phase} failed: ${howItEnded(result, SECONDS)}`, remedy)
}

async function attempt(work: Work, words: readonly string[]): Promise<InsideResult> {
  const deadline = performance.now() + LOCK_SECONDS * 1_000
  for (;;) {
    work.signal?.throwIfAborted()
    // Signatures were checked by the node, with keys that the system need not have.
    const argv = ['rpm', '--nosignature', ...words]
    const result = await work.inside.run(argv, { env: { LC_ALL: 'C' }, seconds: SECONDS, onLine: work.onLine })
    if (performance.now() >= deadline || !/transaction lock/.test(said(result))) return result
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
}

const said = ({ tail }: InsideResult): string => tail.join('\n')

async function installed(work: Work): Promise<Map<string, string>> {
  const { stdout } = await must(quietly(work), 'preparation', QUERY)
  const found = new Map<string, string>()
  for (const line of stdout.split('\n').toSorted()) {
    const [name = '', version = ''] = line.split('\t')
    if (name !== '') found.set(name, [found.get(name), version].filter(Boolean).join(' '))
  }
  return found
}
