import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definitionDigest, definitions, findDefinition } from './definitions.ts'
import { parseReference } from './reference.ts'

test('every definition has a name that versions can be made of', () => {
  for (const { name } of definitions) {
    assert.ok(parseReference(`${name}@2026-11-23.1`), name)
    assert.equal(findDefinition(name)?.name, name)
  }
  assert.equal(new Set(definitions.map((definition) => definition.name)).size, definitions.length)
  assert.equal(findDefinition('windows-95'), null)
})

test('a digest changes with everything that a definition says', () => {
  const [first] = definitions
  assert.ok(first)
  assert.notEqual(definitionDigest({ ...first, stopSignal: 'SIGPWR' }), definitionDigest(first))
  assert.notEqual(
    definitionDigest({ ...first, recipe: { ...first.recipe, revision: first.recipe.revision + 1 } }),
    definitionDigest(first),
  )
  assert.equal(new Set(definitions.map(definitionDigest)).size, definitions.length)
})

test('no definition names a mirror', () => {
  for (const definition of definitions) assert.doesNotMatch(JSON.stringify(definition), /https?:/)
})
