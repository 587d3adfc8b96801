/** Where the same programs are run on the same files: in a VPS on VZFS, and in a plain copy of its tree on the same file system. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packTools } from '../../tests/system/support/host-tools.ts'
import { type BenchNode, ROOT, runner } from '../node.ts'

export interface Place {
  readonly name: string
  /** Its stdout. */
  run(argv: readonly [string, ...string[]]): Promise<string>
}

export interface Places extends AsyncDisposable {
  readonly vps: Place
  readonly plain: Place
  /** Root of the plain copy; the tree that it was made from, as an archive; and where more copies may lie. */
  readonly copy: string
  readonly archive: string
  readonly scratch: string
}

const DEADLINE = 1_200_000

export function vpsPlace(node: BenchNode, name: string): Place {
  const env = { INSULA_INSTANCE: node.instance.name, HOME: '/root' }
  return {
    name,
    run: async (argv) =>
      (await runner.run([`${ROOT}bin/insula`, 'exec', name, '--', ...argv], { env, deadline: DEADLINE })).stdout,
  }
}

/** @param vps runs, and gets the tools too */
export async function places(node: BenchNode, vps: string): Promise<Places> {
  const scratch = join(node.instance.volume, 'beside')
  const copy = join(scratch, 'plain')
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(copy, { recursive: true })
  const env = { INSULA_INSTANCE: node.instance.name, HOME: '/root' }
  const into = (argv: readonly [string, ...string[]], input: Uint8Array) => runner.run(argv, { env, input, deadline: DEADLINE })
  const tools = await packTools(['fio'])
  const probe = readFileSync(new URL('probe.pl', import.meta.url))
  const inside = vpsPlace(node, vps)
  // What is private in the VPS too: the copy is of what it sees.
  const archive = join(scratch, 'vps.tar')
  const pack = `${ROOT}bin/insula exec ${vps} -- tar -C / --one-file-system --exclude=./proc --exclude=./sys --exclude=./dev --exclude=./run -cf - . >${archive}`
  await runner.run(['sh', '-c', pack], { env, deadline: DEADLINE })
  await runner.run(['tar', '-C', copy, '--numeric-owner', '-xf', archive], { deadline: DEADLINE })
  for (const name of ['proc', 'sys', 'dev', 'run', 'bench']) mkdirSync(join(copy, name), { recursive: true })
  for (const name of ['null', 'zero']) await runner.run(['cp', '-a', `/dev/${name}`, join(copy, 'dev', name)])
  for (const unpack of [
    ['tar', '-C', copy, '-xf', '-'] as const,
    [`${ROOT}bin/insula`, 'exec', vps, '--', 'tar', '-C', '/', '-xf', '-'] as const,
  ])
    await into([...unpack], tools)
  await into([`${ROOT}bin/insula`, 'exec', vps, '--', 'sh', '-c', 'cat >/probe.pl'], probe)
  writeFileSync(join(copy, 'probe.pl'), probe)
  await inside.run(['mkdir', '-p', '/bench'])
  await runner.run(['sync'], { deadline: DEADLINE })
  return {
    vps: inside,
    plain: {
      name: 'plain',
      run: async (argv) => (await runner.run(['chroot', copy, ...argv], { deadline: DEADLINE, env: { HOME: '/root' } })).stdout,
    },
    copy,
    archive,
    scratch,
    [Symbol.asyncDispose]: async () => rmSync(scratch, { recursive: true, force: true }),
  }
}
