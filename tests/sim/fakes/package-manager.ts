/** What apps are installed with, in VPSs of a pretended machine. */

import type { FakeProgram } from '@insula/kernel/fakes'

/** It has one package, which all VPSs have or have not. */
export function packageManager() {
  const state = {
    installed: false,
    fail: 0,
    failUpgrade: 0,
    calls: [] as string[],
    scripts: [] as (() => number)[],
    configured: 0,
  }
  /** Holds a VPS up until it is killed. */
  const waits: FakeProgram = async ({ onSignal }) => {
    onSignal(() => undefined)
    return new Promise(() => undefined)
  }
  const nothing: FakeProgram = async ({ readAll }) => {
    await readAll()
    return { code: 0 }
  }
  const say =
    (text: (argv: readonly string[]) => string): FakeProgram =>
    async ({ argv, write }) => {
      state.calls.push(argv.join(' '))
      await write('stdout', Buffer.from(text(argv)))
      return { code: 0 }
    }
  const commands: Record<string, FakeProgram> = {
    rm: nothing,
    mkdir: nothing,
    tar: nothing,
    'dpkg-query': say(() => (state.installed ? 'ii \tweb\t1.0\n' : 'ii \tbase\t1\n')),
    'apt-get': async (call) => {
      const { argv } = call
      const simulated = argv.includes('--simulate')
      if (argv.includes('upgrade')) {
        if (!simulated && state.failUpgrade > 0) {
          state.failUpgrade -= 1
          await call.write('stderr', Buffer.from('E: No space left on device\n'))
          return { code: 100 }
        }
        return say(() => 'Inst base [1] (2 Test [all])\n')(call)
      }
      if (!simulated && argv.includes('install') && state.fail > 0) {
        state.fail -= 1
        // Half of it is there then.
        state.installed = true
        await call.write('stderr', Buffer.from('E: No space left on device\n'))
        return { code: 100 }
      }
      if (!simulated && argv.includes('install')) state.installed = true
      if (!simulated && (argv.includes('purge') || argv.includes('remove'))) state.installed = false
      return say(() => (simulated ? (argv.includes('install') ? 'Inst web (1.0 Test [all])\n' : 'Remv web [1.0]\n') : ''))(call)
    },
    // What a purge is wrapped in; everything else of it finds nothing to tell.
    sh: (call) => {
      const at = call.argv.indexOf('apt-get')
      return at < 0 ? nothing(call) : (commands['apt-get'] ?? nothing)({ ...call, argv: call.argv.slice(at) })
    },
    'apt-mark': say(() => ''),
    '/bin/sh': waits,
    '/var/lib/insula-app/script': async () => {
      state.configured += 1
      return { code: state.scripts.shift()?.() ?? 0 }
    },
  }
  return { state, commands }
}
