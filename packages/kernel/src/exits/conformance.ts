/** What every ExitWatch does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { ExitWatch, ProcessEnd } from './exits.ts'

/** Starts a process that lives until it is told to end. */
export type StartProcess = () => Promise<StartedProcess>

export interface StartedProcess {
  readonly pid: number
  readonly exit: (code: number) => void
  readonly kill: (signal: number) => void
}

export interface ExitSubject {
  readonly exits: ExitWatch
  /** A child of ours that nobody else waits for. */
  readonly startChild: StartProcess
  /** Somebody else's child. */
  readonly startOther: StartProcess
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const SIGHUP = 1
const SIGKILL = 9

export function exitConformance(name: string, open: () => Promise<ExitSubject>): void {
  describe(`${name} is an ExitWatch`, () => {
    let subject: ExitSubject
    before(async () => {
      subject = await open()
    })
    after(async () => {
      subject.exits[Symbol.dispose]()
      await subject[Symbol.asyncDispose]()
    })
    /** Resolves with the end, and fails when it is told twice. */
    const watched = (pid: number): Promise<ProcessEnd> => {
      let told = 0
      return new Promise((resolve, reject) => {
        subject.exits.watch(pid, (end) => {
          told += 1
          if (told > 1) reject(new Error(`the end of ${pid} was told ${told} times`))
          else void turn().then(() => resolve(end))
        })
      })
    }

    test('tells the exit code of a child', async () => {
      for (const code of [0, 7, 255]) {
        const { pid, exit } = await subject.startChild()
        const end = watched(pid)
        exit(code)
        assert.deepEqual(await end, { pid, code, signal: null })
      }
    })

    test('tells the signal that ended a child', async () => {
      for (const signal of [SIGHUP, SIGKILL]) {
        const { pid, kill } = await subject.startChild()
        const end = watched(pid)
        kill(signal)
        assert.deepEqual(await end, { pid, code: null, signal })
      }
    })

    test('tells the end of a process that is no child; how it ended is right or unknown', async () => {
      const { pid, exit } = await subject.startOther()
      const end = watched(pid)
      exit(7)
      const { code, ...rest } = await end
      assert.deepEqual(rest, { pid, signal: null })
      assert.ok(code === 7 || code === null, `${code}`)
    })

    test('tells the same of a process that is gone already, and never before the call returns', async () => {
      const { pid, kill } = await subject.startOther()
      kill(SIGKILL)
      await watched(pid)
      // Until its parent has reaped it, it is still there to be seen.
      for (let round = 0; (await watched(pid)).signal !== null && round < 500; round++) await sleep(10)
      let returned = false
      const end = new Promise<boolean>((resolve) => subject.exits.watch(pid, () => resolve(returned)))
      returned = true
      assert.equal(await end, true)
      assert.deepEqual(await watched(pid), { pid, code: null, signal: null })
    })

    test('tells of a process that it has ended, and of one that lives that it has not', async () => {
      for (const start of [subject.startChild, subject.startOther]) {
        const { pid, kill } = await start()
        assert.equal(subject.exits.ending(pid), false)
        const end = watched(pid)
        kill(SIGKILL)
        await end
        assert.equal(subject.exits.ending(pid), true)
      }
    })

    test('many at once are told apart, and each watcher of one process hears of it', async () => {
      const children = await Promise.all(Array.from({ length: 10 }, () => subject.startChild()))
      const ends = Promise.all(children.map(({ pid }) => watched(pid)))
      const [first] = children
      assert.ok(first)
      const again = watched(first.pid)
      for (const [index, { exit }] of children.entries()) exit(index)
      assert.deepEqual(
        (await ends).map(({ pid }) => pid),
        children.map(({ pid }) => pid),
      )
      assert.equal((await again).pid, first.pid)
    })
  })
}
