/** What every ConfinedRoot does in a tree that nobody has arranged. What it does in one that somebody has is for the real driver alone. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConfinedRoot, OpenConfinedRoot, Visitor } from './confined.ts'

export interface ConfinedSubject {
  readonly open: OpenConfinedRoot
  /** A directory that holds a directory "etc" and a file "etc/name" that says "text". */
  readonly directory: string
  /** Owner of what is written. */
  readonly owner: number
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export interface EntrySubject extends ConfinedSubject {
  /** Makes a directory below `directory`. */
  readonly make: (path: string, mode: number, owner: number) => void
}

/** Needs root: a real one becomes somebody else for a moment. */
export function entryConformance(name: string, open: () => Promise<EntrySubject>): void {
  test(`${name} says who may enter a directory, and why not`, async () => {
    await using subject = await open()
    const visitor = (id: number): Visitor => ({ uid: id, gid: id, groups: [] })
    const [ann, bob] = [visitor(4_001), visitor(4_002)]
    subject.make('open', 0o755, ann.uid)
    subject.make('own', 0o700, ann.uid)
    subject.make('own/below', 0o755, bob.uid)
    subject.make('shut', 0, ann.uid)
    using root = subject.open(subject.directory)
    const asked = (visitor: Visitor): (string | null)[] =>
      ['/', '/open', '/own', '/own/below', '/shut', '/etc/name', '/absent'].map((path) => root.refusesEntry(path, visitor))
    assert.deepEqual(asked(ann), [null, null, null, null, 'EACCES', 'ENOTDIR', 'ENOENT'])
    assert.deepEqual(asked(bob), [null, null, 'EACCES', 'EACCES', 'EACCES', 'ENOTDIR', 'ENOENT'])
  })
}

export function confinedConformance(name: string, open: () => Promise<ConfinedSubject>): void {
  describe(`${name} is a ConfinedRoot`, () => {
    let subject: ConfinedSubject
    let root: ConfinedRoot
    before(async () => {
      subject = await open()
      root = subject.open(subject.directory)
    })
    after(async () => {
      root[Symbol.dispose]()
      await subject[Symbol.asyncDispose]()
    })
    const write = (path: string, contents: string): boolean => root.write(path, contents, 0o644, subject.owner)

    test('reads a file that is not too large', () => {
      assert.equal(root.read('/etc/name', 4), 'text')
      assert.equal(root.read('/etc/name', 3), null)
      assert.equal(root.read('/etc/absent', 100), null)
      assert.equal(root.read('/etc', 10_000), null)
    })

    test('knows directories', () => {
      assert.deepEqual(
        ['/', '/etc', '/etc/name', '/absent'].map((path) => root.isDirectory(path)),
        [true, true, false, false],
      )
    })

    test('writes when there is something to write, and says so', () => {
      assert.deepEqual([write('/etc/new', 'one'), write('/etc/new', 'one'), write('/etc/new', 'two')], [true, false, true])
      using again = subject.open(subject.directory)
      assert.equal(again.read('/etc/new', 100), 'two')
    })

    test('leaves alone what is something else, and makes no directory', () => {
      assert.deepEqual([write('/etc', 'x'), write('/absent/x', 'x'), write('/etc/name/x', 'x')], [false, false, false])
      assert.equal(root.isDirectory('/etc'), true)
    })

    test('removes files, and nothing else', () => {
      write('/etc/old', 'x')
      assert.deepEqual(
        ['/etc/old', '/etc/old', '/etc', '/absent/old', '/etc/name/old'].map((path) => root.remove(path)),
        [true, false, false, false, false],
      )
      assert.equal(root.read('/etc/old', 100), null)
    })

    test('makes a directory where nothing is', () => {
      const make = (path: string): boolean => root.makeDirectory(path, 0o755, subject.owner)
      assert.deepEqual(
        [make('/etc/made'), make('/etc/made'), make('/etc/name'), make('/absent/made')],
        [true, false, false, false],
      )
      assert.deepEqual([root.isDirectory('/etc/made'), write('/etc/made/file', 'x')], [true, true])
    })

    test('a root that is not there cannot be opened', () => {
      assert.throws(() => subject.open(`${subject.directory}/absent`), /ENOENT/)
    })
  })
}
