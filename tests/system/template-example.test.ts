/** The example of docs/templates.md, as a reader types it. */

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { testNode, until } from './support/node.ts'

const NAME = 'greeter'
const page = readFileSync(new URL('../../docs/templates.md', import.meta.url), 'utf8')
const node = await testNode(['micro'])
const directory = join(node.instance.definitions, NAME)

test('the whole example of docs/templates.md is built, and answers', async () => {
  after(async () => {
    await node.insula(['destroy', '-f', 'hello'])
    const built = (await node.ok('template', 'list', '-q')).match(/^greeter@\S+/gm) ?? []
    for (const version of built) await node.insula(['template', 'remove', version])
    rmSync(directory, { recursive: true, force: true })
  })
  // Each names its file in a first comment.
  const blocks = [...page.matchAll(/^```(?:yaml|sh)\n((?:#!.*\n)?# (\S+)\n[^`]+)```$/gm)]
  assert.deepEqual(
    blocks.map(([, , file]) => file),
    ['template.yaml', 'files/start', 'scripts/page.sh'],
  )
  for (const [, text = '', file = ''] of blocks) {
    mkdirSync(dirname(join(directory, file)), { recursive: true })
    writeFileSync(join(directory, file), text)
  }
  await node.ok('template', 'lint', NAME)
  await node.ok('template', 'build', NAME)
  await node.running('hello', ['--template', NAME, '--ip', 'auto'])
  const [address = ''] = (await node.show('hello')).addresses
  const answer = (): Promise<string> => fetch(`http://${address}`).then((response) => response.text())
  await until('it answers', () => answer().then(Boolean, () => false))
  assert.equal(await answer(), 'Made of greeter, release 1.\n')
})
