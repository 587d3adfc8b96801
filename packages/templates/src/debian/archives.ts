/** Decides which archives a Debian system is built from, and finds out that they answer before anything is downloaded. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import { type DebianMirrors, findMirrors, normalizeMirror } from './mirrors.ts'
import { type AptSource, parseSources } from './sources.ts'

export interface Archive {
  readonly uri: string
  readonly suites: readonly string[]
}

export interface ArchivesNeed {
  readonly runner: ProcessRunner
  /** The node's /etc/apt. */
  readonly aptDirectory: string
  /** For what is downloaded to see whether a mirror answers. */
  readonly work: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Without `mirror`: what the node's own apt uses, updates and security included as it has them; no mirror is asked. With one: that mirror,
 * its updates if it has them, and for security its neighbour .../debian-security or else the node's.
 */
export async function chooseArchives(suite: string, mirror: string | undefined, need: ArchivesNeed): Promise<Archive[]> {
  const node = findMirrors(await readSources(need.aptDirectory))
  const main = mirror === undefined ? nodeMirror(node) : parseMirror(mirror)
  if (mirror !== undefined) await mustAnswer(main, suite, need)
  const updates = mirror === undefined ? node.updates : (await answer(main, `${suite}-updates`, need)) === null
  const archives = [{ uri: main, suites: updates ? [suite, `${suite}-updates`] : [suite] }]
  const security = mirror === undefined ? node.security : await givenSecurity(main, suite, node, need)
  return security === null ? archives : [...archives, { uri: security, suites: [`${suite}-security`] }]
}

/** @throws TemplateFailed naming the first that does not answer, and why */
export async function mustAnswerAll(archives: readonly Archive[], need: ArchivesNeed): Promise<void> {
  // The first suite of each is the one that has to be there.
  for (const { uri, suites } of archives) await mustAnswer(uri, suites[0] ?? '', need)
}

function nodeMirror({ main }: DebianMirrors): string {
  if (main !== null) return main
  throw new TemplateFailed(
    'mirror_unreachable',
    "this node's apt sources name no archive of Debian",
    'give one with --mirror URL',
  )
}

function parseMirror(mirror: string): string {
  const bad = (why: string): TemplateFailed =>
    new TemplateFailed(
      'bad_mirror',
      `${JSON.stringify(mirror)} is not a mirror: ${why}`,
      'give its address as http://HOST/debian',
    )
  if (!URL.canParse(mirror)) throw bad('it is no URL')
  if (!/^https?:\/\/[^\s"[\]]+$/.test(mirror)) throw bad('it has to start with http:// or https:// and hold no blanks or quotes')
  return normalizeMirror(mirror)
}

async function givenSecurity(main: string, suite: string, node: DebianMirrors, need: ArchivesNeed): Promise<string | null> {
  const neighbour = main.endsWith('/debian') ? [`${main}-security`] : []
  for (const candidate of [...neighbour, ...(node.security === null ? [] : [node.security])]) {
    if ((await answer(candidate, `${suite}-security`, need)) === null) return candidate
  }
  return null
}

async function mustAnswer(mirror: string, suite: string, need: ArchivesNeed): Promise<void> {
  const why = await answer(mirror, suite, need)
  if (why === null) return
  throw new TemplateFailed(
    'mirror_unreachable',
    `the mirror ${mirror} does not give ${suite}: ${why}`,
    "check the node's network and apt's proxy settings, or give another mirror with --mirror URL",
  )
}

/** null when it does, otherwise why not. apt's own downloader is asked, so that its proxies and certificates count. */
async function answer(mirror: string, suite: string, { runner, work, signal }: ArchivesNeed): Promise<string | null> {
  const url = `${mirror}/dists/${suite}/InRelease`
  try {
    await runner.run(
      ['/usr/lib/apt/apt-helper', ...QUICK, 'download-file', url, join(work, 'InRelease')],
      signal ? { signal } : {},
    )
    return null
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof ProcessFailed)) throw error
    const said = /^E: Failed to fetch \S+\s+(.*?)(?:\s*\[IP:.*\])?$/m.exec(error.stderr)?.[1]
    return said ?? error.message
  }
}

const QUICK = ['-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::https::Timeout=15'] as const

async function readSources(aptDirectory: string): Promise<AptSource[]> {
  const parts = join(aptDirectory, 'sources.list.d')
  // As apt reads them: sources.list first, then the parts by name, other endings ignored.
  const names = (await readdir(parts).catch(() => [])).filter((name) => /^[\w.+-]+\.(?:list|sources)$/.test(name)).sort()
  const files = await Promise.all(
    [join(aptDirectory, 'sources.list'), ...names.map((name) => join(parts, name))].map(async (name) => ({
      name,
      text: await readFile(name, 'utf8').catch(() => ''),
    })),
  )
  return files.flatMap(parseSources)
}
