/** ./test: `main.ts [quick|check|unit|sim|system|lab|FILE...|lab FILE...]`; nothing means all tiers. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { realProcessRunner } from '@insula/kernel'
import { CHOICES, chosen, OWN } from '../lab/choice.ts'
import { missing } from '../lab/needs.ts'
import { runInside } from '../lab/run-inside.ts'
import { runChecks } from './checks.ts'
import type { Report } from './outcome.ts'
import { runFile } from './run-file.ts'
import { openTally } from './tally.ts'
import { filesOf, type Tier, TIERS, tierOf } from './tiers.ts'

const HOME = join(import.meta.dirname, '../..')
const ALL = ['check', ...TIERS.map(({ name }) => name)]
const SETS: Readonly<Record<string, readonly string[]>> = { '': ALL, quick: ['check', 'unit', 'sim'] }

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
for (const tier of TIERS) {
  const files =
    named.length > 0
      ? named.map((file) => relative(HOME, resolve(file))).filter((file) => tierOf(file) === tier)
      : wanted.includes(tier.name)
        ? allOf(tier)
        : []
  if (files.length === 0) continue
  if (tier.needsRoot && process.getuid?.() !== 0) {
    tally.couldNot(tier.name, 'it needs root; run: sudo ./test')
    continue
  }
  const lacking = tier.name === 'lab' ? missing() : null
  if (lacking !== null) {
    tally.couldNot(tier.name, lacking)
    continue
  }
  // Before: what an earlier run left, perhaps of other code. After: nothing stays on the machine.
  for (const instance of tier.instances) await takeDown(instance)
  if (tier.name === 'lab' && named.length === 0) await runLab(tier, inside ?? chosen(CHOICES, words.length > 0))
  if (inside === null) await runTier(tier, files)
  for (const instance of tier.instances) await takeDown(instance)
}
process.exitCode = tally.end()

async function takeDown(instance: string): Promise<void> {
  const { code, stderr } = await realProcessRunner()
    .run([join(HOME, 'down'), '--purge', '--instance', instance], { accept: [0, 1], deadline: 300_000 })
    .catch((error: Error) => ({ code: 1, stderr: error.message }))
  if (code !== 0) console.log(`  the instance ${instance} of the tests could not be taken down: ${stderr.trim()}`)
}

/** Of the lab as much as was asked for: all of it by its name, a part in the whole of `./test`. */
function allOf(tier: Tier): string[] {
  return tier.name === 'lab' ? chosen(OWN, words.length > 0) : filesOf(tier, HOME)
}

async function runLab(tier: Tier, files: readonly string[]): Promise<void> {
  tally.tier(`${tier.name}: system tests in a machine with Debian 13`, files.length)
  const said = (what: string): void => console.log(`         ${what}`)
  for await (const report of runInside(files, tier.deadline, said)) tally.report(report)
}

async function runTier(tier: Tier, files: readonly string[]): Promise<void> {
  tally.tier(tier.name, files.length)
  const waiting = [...files]
  const worker = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const report: Report = await runFile(join(HOME, file), HOME, tier.deadline)
      tally.report(report)
    }
  }
  await Promise.all(Array.from({ length: tier.alone ? 1 : availableParallelism() }, worker))
}
