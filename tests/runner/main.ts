/**
 * ./test: `main.ts [quick|check|unit|sim|system|lab|FILE...|lab FILE...]`; nothing means all tiers, and of the lab the part that tells
 * most.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { realProcessRunner } from '@insula/kernel'
import { missing } from '../lab/needs.ts'
import { runInside } from '../lab/run-inside.ts'
import { asked } from './asked.ts'
import { runChecks } from './checks.ts'
import { heldBack } from './held-back.ts'
import { runQueues } from './queues.ts'
import { runFile } from './run-file.ts'
import { openTally, type Told } from './tally.ts'
import { type Tier, TIERS, tierNamed } from './tiers.ts'

const HOME = join(import.meta.dirname, '../..')
/** What the system tier and a machine of the lab need at the same time. */
const BOTH_BYTES = 6 * 1024 ** 3

const wanted = asked(process.argv.slice(2), HOME, existsSync)
const tally = openTally({
  strict: process.env['CI'] === 'true' || process.env['INSULA_TEST_STRICT'] === '1',
  everyTest: wanted.byFile,
  print: (line) => console.log(line),
})
if (wanted.unknown.length > 0)
  tally.couldNot(wanted.unknown.join(' '), 'there is no such tier or file; ./test -h tells what there is')

// Each file runs in a process of its own and they share most modules: compiling these once halves the time.
const cache = mkdtempSync(join(tmpdir(), 'insula-test-cache-'))
process.env['NODE_COMPILE_CACHE'] = cache
process.on('exit', () => rmSync(cache, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

if (wanted.check) {
  tally.tier('check', 0)
  for await (const report of runChecks(HOME)) tally.report(report)
}
/** Tells the rest of the lab's tier when the system tier, which it runs beside, is through. */
let restOfLab = async (): Promise<void> => {}
/** When that tier is through. */
let quiet: Promise<unknown> = Promise.resolve()
for (const tier of inOrder(TIERS)) {
  const files = wanted.here(tier)
  const inside = tier.name === 'lab' ? wanted.inside : []
  if (files.length === 0 && inside.length === 0) continue
  const lacking = tier.needsRoot && process.getuid?.() !== 0 ? 'it needs root; run: sudo ./test' : null
  const refusal = lacking ?? (tier.name === 'lab' ? missing() : null)
  if (refusal !== null) tally.couldNot(tier.name, refusal)
  else if (tier.name === 'lab' && besideSystem()) restOfLab = startBeside(tier, files, inside)
  else await runTier(tier, files, inside, tally)
}
await restOfLab()
process.exitCode = tally.end()

/** Real VPSs wait for the disk and the kernel for most of their time, an emulated machine computes: together they take little longer than one. */
function besideSystem(): boolean {
  const room = availableParallelism() > 1 && totalmem() > BOTH_BYTES
  return !wanted.byFile && wanted.inside.length > 0 && wanted.here(tierNamed('system')).length > 0 && room
}

function inOrder(tiers: readonly Tier[]): Tier[] {
  return besideSystem() ? tiers.toSorted((a, b) => Number(a.name === 'system') - Number(b.name === 'system')) : [...tiers]
}

function startBeside(tier: Tier, files: readonly string[], inside: readonly string[]): typeof restOfLab {
  const { told, release } = heldBack(tally)
  const ended = runTier(tier, files, inside, told)
  quiet = ended
  return () => {
    release()
    return ended
  }
}

async function runTier(tier: Tier, files: readonly string[], inside: readonly string[], to: Told): Promise<void> {
  // Before: what an earlier run left, perhaps of other code. After: nothing stays on the machine.
  for (const instance of tier.instances) await takeDown(instance)
  if (inside.length > 0) {
    to.tier(`${tier.name}: system tests in a machine with Debian 13`, inside.length)
    for await (const report of runInside(inside, tier.deadline, to.note)) to.report(report)
  }
  if (files.length > 0) {
    to.tier(tier.name, files.length)
    const queues = { inRow: files.filter(tier.inRow), free: files.filter((file) => !tier.inRow(file)) }
    await runQueues(queues, availableParallelism(), tier.name === 'system' ? quiet : Promise.resolve(), async (file) =>
      to.report(await runFile(join(HOME, file), HOME, tier.deadline)),
    )
  }
  for (const instance of tier.instances) await takeDown(instance)
}

async function takeDown(instance: string): Promise<void> {
  const { code, stderr } = await realProcessRunner()
    .run([join(HOME, 'down'), '--purge', '--instance', instance], { accept: [0, 1], deadline: 300_000 })
    .catch((error: Error) => ({ code: 1, stderr: error.message }))
  if (code !== 0) tally.note(`the instance ${instance} of the tests could not be taken down: ${stderr.trim()}`)
}
