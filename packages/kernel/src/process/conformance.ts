/** What every ProcessRunner does. The commands are those of coreutils; a fake has them in its table. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProcessFailed, type ProcessRunner } from './runner.ts'

export function processConformance(name: string, open: () => ProcessRunner): void {
  describe(`${name} is a ProcessRunner`, () => {
    test('gives output and exit code of a command that ended well', async () => {
      assert.deepEqual(await open().run(['printf', 'one\\ntwo']), { code: 0, stdout: 'one\ntwo', stderr: '' })
    })

    test('feeds standard input to its end', async () => {
      const input = 'zeile\n'.repeat(50_000)
      assert.equal((await open().run(['cat'], { input })).stdout, input)
      assert.equal((await open().run(['cat'])).stdout, '')
    })

    test('tells each line while it comes', async () => {
      const lines: string[] = []
      await open().run(['printf', 'one\\ntwo'], { onLine: (line, stream) => lines.push(`${stream} ${line}`) })
      assert.deepEqual(lines, ['stdout one', 'stdout two'])
    })

    test('refuses an exit code that was not accepted, with what the command said', async () => {
      await assert.rejects(open().run(['cat', '/no/such/file']), (error: unknown) => {
        assert.ok(error instanceof ProcessFailed)
        assert.deepEqual({ code: error.code, signal: error.signal, argv: error.argv }, FAILED_CAT)
        assert.match(error.stderr, /No such file/)
        assert.match(error.message, /^cat ended with 1: .*No such file/)
        return true
      })
      const accepted = await open().run(['cat', '/no/such/file'], { accept: [0, 1] })
      assert.equal(accepted.code, 1)
    })

    test('says that a command is not there', async () => {
      await assert.rejects(open().run(['no-such-command-anywhere']), (error: unknown) => {
        assert.ok(error instanceof ProcessFailed)
        assert.equal(error.message, 'no-such-command-anywhere was not found')
        assert.equal(error.code, null)
        return true
      })
    })

    test('ends a command at its deadline', async () => {
      const since = performance.now()
      await assert.rejects(open().run(['sleep', '60'], { deadline: 100 }), (error: unknown) => {
        assert.ok(error instanceof ProcessFailed)
        assert.equal(error.message, 'sleep did not end within 0.1 s and was killed')
        assert.equal(error.signal, 'SIGKILL')
        return true
      })
      assert.ok(performance.now() - since < 10_000)
    })

    test('ends a command that is cancelled, before or after its start', async () => {
      const later = new AbortController()
      const running = open().run(['sleep', '60'], { signal: later.signal })
      setTimeout(() => later.abort(), 20)
      await assert.rejects(running, cancelled)
      await assert.rejects(open().run(['sleep', '60'], { signal: AbortSignal.abort() }), cancelled)
    })
  })
}

const FAILED_CAT = { code: 1, signal: null, argv: ['cat', '/no/such/file'] }

const cancelled = (error: unknown): boolean => error instanceof ProcessFailed && error.message === 'sleep was cancelled'
