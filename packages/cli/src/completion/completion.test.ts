import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { MAIN, runCli, startProgram } from '../fake/run-cli.ts'
import { withNode } from '../fake/with-node.ts'

const fake = withNode()
const directory = mkdtempSync(join(tmpdir(), 'insula-completion-'))

before(() => {
  writeFileSync(
    join(directory, 'insula'),
    `#!/bin/sh\nINSULA_SOCKET='${fake.socketPath}' exec '${process.execPath}' '${MAIN}' "$@"\n`,
  )
  chmodSync(join(directory, 'insula'), 0o755)
})
after(() => rmSync(directory, { recursive: true }))

async function words(...typed: string[]): Promise<string[]> {
  const { stdout } = await runCli(['complete', '--', ...typed], { socketPath: fake.node.socketPath })
  const lines = stdout.toString().trimEnd().split('\n')
  assert.equal(lines.pop(), ':4')
  return lines.map((line) => line.split('\t')[0] ?? '')
}

/** What a shell offers, which runs `script` with our insula first in its PATH. */
async function inShell(shell: string, script: string): Promise<string> {
  const child = startProgram(shell, shell === 'bash' ? ['--norc', '-c', script] : ['-c', script], {
    env: { PATH: `${directory}:${process.env['PATH'] ?? ''}`, HOME: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  for await (const chunk of child.stdout ?? []) out += String(chunk)
  return out
}

test('commands, options, names, templates', async () => {
  assert.deepEqual(await words('re'), ['restart', 'resume', 'rename', 'recover'])
  assert.deepEqual(await words('template', 'b'), ['build'])
  assert.deepEqual(await words('show', ''), ['web', 'off'])
  assert.deepEqual(await words('stop', 'web', 'o'), ['off'])
  assert.deepEqual(await words('create', 'x', '--template', 'mi'), ['micro', 'micro@2026-01-01.1'])
  assert.deepEqual(await words('create', 'x', '-t', 'mi'), ['micro', 'micro@2026-01-01.1'])
  assert.deepEqual(await words('template', 'build', ''), ['debian-12', 'debian-13'])
  assert.deepEqual(await words('set', 'web', '--mem'), ['--memory'])
  assert.deepEqual(await words('set', 'web', '--no-'), ['--no-nat', '--no-onboot', '--no-wait'])
  assert.deepEqual(await words('list', '--state', 'st'), ['stopped', 'starting', 'stopping'])
  assert.ok(!(await words('')).includes('complete'))
})

test('a node that is away offers no names, and no error', async () => {
  const { code, stdout, stderr } = await runCli(['complete', '--', 'show', ''], { socketPath: '/nonexistent' })
  assert.deepEqual([code, stdout.toString(), stderr], [0, ':4\n', ''])
})

test('bash: words, options after =, and nothing on the line is run', async () => {
  const offered = async (...line: string[]) => {
    const quoted = line.map((word) => `'${word}'`).join(' ')
    const script = `source <(insula completion bash); COMP_WORDS=(insula ${quoted}); COMP_CWORD=${line.length}; _insula; printf '%s\\n' "\${COMPREPLY[@]}"`
    return (await inShell('bash', script)).trim().split('\n').toSorted()
  }
  assert.deepEqual(await offered('sus'), ['suspend'])
  assert.deepEqual(await offered('show', 'w'), ['web'])
  assert.deepEqual(await offered('create', 'x', '--template', '=', 'mi'), ['micro', 'micro@2026-01-01.1'])
  assert.deepEqual(await offered('create', 'x', '--template', '='), [
    'debian-12',
    'debian-12@2026-01-01.1',
    'micro',
    'micro@2026-01-01.1',
  ])
  const trap = join(directory, 'trap')
  await offered('exec', 'web', `$(touch ${trap})`, '>', trap, ';', `touch ${trap}`, '')
  assert.ok(!existsSync(trap), 'TAB ran what was on the line')
})

for (const shell of ['zsh', 'fish'] as const) {
  const there = (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, shell)))
  test(`${shell}: the script is one`, { skip: there ? false : `${shell} is not installed` }, async () => {
    const source =
      shell === 'fish'
        ? 'insula completion fish | source'
        : 'autoload -U compinit && compinit -u && source <(insula completion zsh)'
    const ask = shell === 'fish' ? "complete --do-complete 'insula sus'" : 'print -- $_comps[insula]'
    assert.match(await inShell(shell, `${source}; ${ask}`), shell === 'fish' ? /^suspend\t/m : /^_insula$/m)
  })
}
