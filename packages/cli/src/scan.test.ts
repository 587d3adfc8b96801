import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allCommands } from './catalog.ts'
import { type AnyCommand, everywhere } from './command.ts'
import { explain, programFor } from './explain.ts'
import { ownOutput } from './own-output.ts'
import { type Scanned, readWords, scan } from './scan.ts'
import { exec } from './commands/exec.ts'
import { create } from './commands/create.ts'

const scanExec = (...words: string[]) => scan(exec.arguments, { ...everywhere, ...exec.options }, words)

test('exec: everything from the first word after the name belongs to the command', () => {
  assert.deepEqual(scanExec('web', 'ls', '-l', '--json'), { args: ['web', 'ls', '-l', '--json'], options: {} })
  assert.deepEqual(scanExec('-u', 'root', 'web', '-w', '/tmp', 'ls', '-u'), {
    args: ['web', 'ls', '-u'],
    options: { user: 'root', workdir: '/tmp' },
  })
  assert.deepEqual(scanExec('web', '-e', 'A=1', '-eB=2', '-Tu', 'bob', 'env'), {
    args: ['web', 'env'],
    options: { env: ['A=1', 'B=2'], tty: false, user: 'bob' },
  })
})

test('exec: -- before the command is taken away once, and kept inside it', () => {
  assert.deepEqual(scanExec('web', '--', 'ls', '--', 'x')?.args, ['web', 'ls', '--', 'x'])
  assert.deepEqual(scanExec('--', 'web', 'ls')?.args, ['web', 'ls'])
  assert.deepEqual(scanExec('--', 'web', '--', 'ls')?.args, ['web', 'ls'])
  assert.deepEqual(scanExec('web', '--', '--', 'ls')?.args, ['web', '--', 'ls'])
  assert.deepEqual(scanExec('web', '--', '-t')?.args, ['web', '-t'])
})

test('what is not understood at once is left to commander', () => {
  assert.equal(scanExec('web'), null)
  assert.equal(scanExec('web', '--what', 'ls'), null)
  assert.equal(scanExec('web', '--help'), null)
  assert.equal(scanExec('--tty=yes', 'web', 'ls'), null)
  assert.equal(scan(create.arguments, create.options, ['web']), null)
  assert.equal(scan(create.arguments, create.options, ['web', 'two', '-t', 'x']), null)
  assert.equal(scan(create.arguments, create.options, ['web', '-t']), null)
})

test('an option of a command of exec is never one of exec', () => {
  const word = fc.string({ minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.array(word), (command) => {
      assert.deepEqual(scanExec('web', '--', ...command)?.args.slice(1) ?? [], command)
      assert.deepEqual(readWords(exec.arguments, exec.options, ['web', 'ls', ...command]).rest, ['ls', ...command])
    }),
  )
})

test('scanner and commander read the same words the same way', async () => {
  const commands = (await allCommands()).filter(({ hidden }) => hidden !== true)
  const tried = fc
    .constantFrom(...commands)
    .chain((command) => fc.tuple(fc.constant(command), fc.array(wordFor(command), { maxLength: 7 })))
  let understood = 0
  await fc.assert(
    fc.asyncProperty(tried, async ([command, words]) => {
      const scanned = scan(command.arguments, { ...everywhere, ...command.options }, words)
      if (scanned === null) return
      understood++
      assert.deepEqual(await byCommander(command, words), scanned)
    }),
    { numRuns: 1500 },
  )
  assert.ok(understood > 150, `only ${understood} of the words were well formed`)
})

/** Words that have a chance of meaning something to the command. */
function wordFor(command: AnyCommand): fc.Arbitrary<string> {
  const forms = Object.entries({ ...everywhere, ...command.options }).flatMap(([name, spec]) => [
    `--${name}`,
    `--${name}=value`,
    ...(spec.negatable ? [`--no-${name}`] : []),
    ...[spec.short, spec.shortOff].flatMap((letter) => (letter === undefined ? [] : [`-${letter}`, `-${letter}x`])),
  ])
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom('web', 'db', '', '-', 'value', 'ls', '--') }, fc.constantFrom(...forms))
}

async function byCommander(command: AnyCommand, words: readonly string[]): Promise<Scanned | null> {
  let seen: Scanned | null = null
  await explain([...command.name.split(' '), ...words], ownOutput(), async (_, scanned) => {
    seen = scanned
    return 0
  })
  return seen
}

test('commander is told of every command', async () => {
  const commands = await allCommands()
  const program = programFor(commands, () => undefined)
  type Told = Pick<typeof program, 'name' | 'commands'>
  const leaves = (one: Told, path: readonly string[]): string[] =>
    one.commands.length === 0 ? [path.join(' ')] : one.commands.flatMap((sub) => leaves(sub, [...path, sub.name()]))
  assert.deepEqual(leaves(program, []).toSorted(), commands.map(({ name }) => name).toSorted())
})
