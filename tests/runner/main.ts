/**
 * ./test: `main.ts [quick|check|unit|sim|system|lab|FILE...|lab FILE...]`; nothing means all tiers, and of the lab the part that tells
 * most.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { realProcessRunner } from '@insula/kernel'
import { CHOICES, chosen, OWN } from '../lab/choice.ts'
import { missing } from '../lab/needs.ts'
import { runInside } from '../lab/run-inside.ts'
import { runChecks } from './checks.ts'
import { heldBack } from './held-back.ts'
import { runQueues } from './queues.ts'
import { runFile } from './run-file.ts'
import { openTally, type Told } from './tally.ts'
import { filesOf, type Tier, TIERS, tierOf } from './tiers.ts'

const HOME = join(import.meta.dirname, '../..')
const ALL = ['check', ...TIERS.map(({ name }) => name)]
const SETS: Readonly<Record<string, readonly string[]>> = { '': ALL, quick: ['check', 'unit', 'sim'] }

/** What the system tier and a machine of the lab need at the same time. */
const BOTH_BYTES = 6 * 1024 ** 3

const words = process.argv.slice(2)
/** `lab FILE...`: these files of the system tier, in the lab. */
const inside = words[0] === 'lab' && words.length > 1 ? words.splice(0).slice(1) : null
const named = words.filter((word) => existsSync(word))
const wanted = inside !== null ? ['lab'] : named.length > 0 ? [] : (SETS[words.join(' ')] ?? words)
const tally = openTally({
  strict: process.env['CI'] === 'true' || process.env['INSULA_TEST_STRICT'] === '1',
  everyTest: named.length > 0 || inside !== null,
  print: (line) => console.log(line),
})
const unknown = [
  ...words.filter((word) => named.length > 0 && !named.includes(word)),
  ...wanted.filter((name) => !ALL.includes(name)),
]
if (unknown.length > 0) tally.couldNot(unknown.join(' '), 'there is no such tier or file; ./test -h tells what there is')

// Each file runs in a process of its own and they share most modules: compiling these once halves the time.
const cache = mkdtempSync(join(tmpdir(), 'insula-test-cache-'))
process.env['NODE_COMPILE_CACHE'] = cache
process.on('exit', () => rmSync(cache, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

if (wanted.includes('check')) {
  tally.tier('check', 0)
  for await (const report of runChecks(HOME)) tally.report(report)
}
/** Tells the rest of the lab's tier when the system tier, which it runs beside, is through. */
let restOfLab = async (): Promise<void> => {}
/** When that tier is through. */
let quiet: Promise<unknown> = Promise.resolve()
for (const tier of inOrder(TIERS)) {
  const files = filesFor(tier)
  // Of the lab's own there may be none, and still files of the system tier to be run there.
  if (files.length === 0 && !(tier.name === 'lab' && wanted.includes('lab'))) continue
  const lacking = tier.needsRoot && process.getuid?.() !== 0 ? 'it needs root; run: sudo ./test' : null
  const refusal = lacking ?? (tier.name === 'lab' ? missing() : null)
  if (refusal !== null) tally.couldNot(tier.name, refusal)
  else if (tier.name === 'lab' && besideSystem()) restOfLab = startBeside(tier, files)
  else await runTier(tier, files, tally)
}
await restOfLab()
process.exitCode = tally.end()

/** Real VPSs wait for the disk and the kernel for most of their time, an emulated machine computes: together they take little longer than one. */
function besideSystem(): boolean {
  const room = availableParallelism() > 1 && totalmem() > BOTH_BYTES
  return wanted.includes('system') && wanted.includes('lab') && room
}

function inOrder(tiers: readonly Tier[]): Tier[] {
  return besideSystem() ? tiers.toSorted((a, b) => Number(a.name === 'system') - Number(b.name === 'system')) : [...tiers]
}

function startBeside(tier: Tier, files: readonly string[]): typeof restOfLab {
  const { told, release } = heldBack(tally)
  const ended = runTier(tier, files, told)
  quiet = ended
  return () => {
    release()
    return ended
  }
}

/** Of the lab as much as was asked for: all of it by its name, a part where it is one of all tiers. */
function filesFor(tier: Tier): string[] {
  if (named.length > 0) return named.map((file) => relative(HOME, resolve(file))).filter((file) => tierOf(file) === tier)
  if (!wanted.includes(tier.name)) return []
  return tier.name === 'lab' ? chosen(OWN, words.includes('lab')) : filesOf(tier, HOME)
}

async function runTier(tier: Tier, files: readonly string[], to: Told): Promise<void> {
  // Before: what an earlier run left, perhaps of other code. After: nothing stays on the machine.
  for (const instance of tier.instances) await takeDown(instance)
  if (tier.name === 'lab' && named.length === 0) {
    const chosenFiles = inside ?? chosen(CHOICES, words.includes('lab'))
    to.tier(`${tier.name}: system tests in a machine with Debian 13`, chosenFiles.length)
    for await (const report of runInside(chosenFiles, tier.deadline, to.note)) to.report(report)
  }
  if (inside === null && files.length > 0) {
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
