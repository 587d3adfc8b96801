/**
 * A container image as the tree of a system: skopeo(1) makes one form of all, checks digests and picks what is for this processor; umoci-raw-unpack(1)
 * puts the layers on top of each other. Both run where they can change nothing but a scratch directory, and without a network.
 */

import { access, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProcessFailed, type RunConfined } from '@insula/kernel'
import { nodeArchitecture } from '../architecture.ts'
import { TemplateFailed } from '../failure.ts'
import { type ArchiveLimits, type ArchiveSize, measure, refused } from './archive.ts'

/** As skopeo names them, containers-transports(5). */
export type Transport = 'oci' | 'oci-archive' | 'docker-archive'

export interface ImageNeed {
  readonly runConfined: RunConfined
  /** A directory with an OCI image layout, or a tar archive of one or of `docker save`. Absolute. */
  readonly archive: string
  readonly transport: Transport
  /** Empty directory. */
  readonly work: string
  readonly signal?: AbortSignal | undefined
}

export interface Image {
  /** Of its manifest, "sha256:...". */
  readonly digest: string
  readonly size: ArchiveSize
  /** @param tree an empty directory; what is in it after a failure is worth nothing */
  unpack(tree: string): Promise<void>
}

const DEADLINE_MS = 60 * 60_000
const TAG = 'import'

/** Whether it is a directory that holds an OCI image layout. */
export async function isLayout(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true && (await isFile(join(path, 'oci-layout')))
}

/** What a tar archive with these members at its top is, in place of a root file system; null: it is one. */
export function imageAmong(top: ReadonlySet<string>): Transport | null {
  if (['sbin', 'usr', 'bin', 'etc'].some((name) => top.has(name))) return null
  if (top.has('oci-layout') && top.has('index.json')) return 'oci-archive'
  return top.has('manifest.json') ? 'docker-archive' : null
}

/** @throws TemplateFailed when it is no image for this node, or larger than the limits */
export async function openImage(need: ImageNeed, limits: ArchiveLimits): Promise<Image> {
  const { archive, transport, work } = need
  await toolsThere(archive)
  const copy = join(work, 'image')
  const architecture = nodeArchitecture()
  await run(need, [
    'skopeo',
    `--tmpdir=${work}`,
    '--insecure-policy',
    `--override-arch=${architecture}`,
    '--override-os=linux',
    'copy',
    '--quiet',
    // umoci 0.4 knows no other; layers that are compressed like that already are not touched.
    '--dest-compress-format=gzip',
    `${transport}:${archive}`,
    `oci:${copy}:${TAG}`,
  ])
  const blob = (digest: string): string => join(copy, 'blobs', ...digest.split(':'))
  const read = async (path: string): Promise<Json> => JSON.parse(await readFile(path, 'utf8')) as Json
  const digest = digestIn((await read(join(copy, 'index.json'))).manifests?.[0])
  const manifest = await read(blob(digest))
  const made = (await read(blob(digestIn(manifest.config)))).architecture
  if (made !== architecture)
    throw refused(archive, `it is made for ${made ?? 'an unknown processor'}, and this node is ${architecture}`)
  let [bytes, files] = [0, 0]
  for (const layer of manifest.layers ?? []) {
    const left = { bytes: limits.bytes - bytes, files: limits.files - files }
    const size = await measure({ ...need, archive: blob(digestIn(layer)), tree: work }, left)
    bytes += size.bytes
    files += size.files
  }
  return {
    digest,
    size: { bytes, files },
    unpack: (tree) => run({ ...need, work: tree }, ['umoci', 'raw', 'unpack', '--image', `${copy}:${TAG}`, tree]),
  }
}

/** What skopeo writes of what is used here. */
interface Json {
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
  readonly architecture?: string
}

interface Descriptor {
  readonly digest?: string
}

function digestIn(one: Descriptor | undefined): string {
  if (one?.digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(one.digest))
    throw new Error('skopeo has written an image that is none')
  return one.digest
}

async function run({ runConfined, archive, work, signal }: Omit<ImageNeed, 'transport'>, argv: readonly string[]): Promise<void> {
  try {
    await runConfined(['unshare', '--net', '--', ...argv], {
      writable: work,
      deadline: DEADLINE_MS,
      env: { HOME: work, TMPDIR: work, XDG_RUNTIME_DIR: work },
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    signal?.throwIfAborted()
    if (!(error instanceof ProcessFailed)) throw error
    if (/no space left on device|disk quota exceeded/i.test(error.stderr)) throw Object.assign(error, { code: 'ENOSPC' })
    throw refused(archive, reasonIn(error), error)
  }
}

/** `time="..." level=fatal msg="..."` of skopeo, lines with an arrow of umoci. */
function reasonIn(error: ProcessFailed): string {
  const line = error.stderr.split('\n').findLast((one) => /level=fatal|⨯|error/i.test(one))
  const said = /msg="((?:[^"\\]|\\.)*)"/.exec(line ?? '')?.[1]?.replaceAll('\\"', '"') ?? line?.replace(/^\s*⨯\s*/, '')
  return said?.trim() ?? error.message
}

async function toolsThere(archive: string): Promise<void> {
  for (const tool of ['skopeo', 'umoci'])
    if (!(await isFile(`/usr/bin/${tool}`)))
      throw new TemplateFailed(
        'tool_missing',
        `${archive} cannot become a template: it is a container image, and ${tool} is not installed on this node`,
        'install both with: apt-get install skopeo umoci',
      )
}

const isFile = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
