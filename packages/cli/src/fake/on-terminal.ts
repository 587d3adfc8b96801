/** Runs the CLI on a pseudo-terminal, made by script(1), which every Debian has. What is written to it are keys. */

import { MAIN, startProgram } from './run-cli.ts'

export interface Terminal {
  /** All that was shown so far. */
  readonly shown: () => string
  type(keys: string): void
  /** @throws when it is not shown within ten seconds */
  until(text: string | RegExp): Promise<void>
  resize(cols: number, rows: number): Promise<void>
  readonly ended: Promise<number | null>
  kill(): void
}

export interface TerminalOptions {
  readonly socketPath: string
  readonly size?: readonly [cols: number, rows: number]
  /** Shell text that runs on the same terminal after the CLI has ended. */
  readonly after?: string
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

export function onTerminal(args: readonly string[], { socketPath, size = [100, 30], after = ':' }: TerminalOptions): Terminal {
  const line = `tty; stty cols ${size[0]} rows ${size[1]}; ${[process.execPath, MAIN, ...args].map(quoted).join(' ')}; code=$?; ${after}; exit $code`
  const child = startProgram('script', ['-qfec', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', SHELL: '/bin/sh', TERM: 'vt100', INSULA_SOCKET: socketPath },
  })
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return {
    shown: () => text,
    type: (keys) => void child.stdin?.write(keys),
    until: async (wanted) => {
      const found = () => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text))
      for (let round = 0; round < 400; round++) {
        if (found()) return
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      throw new Error(`never shown: ${String(wanted)}; but: ${JSON.stringify(text)}`)
    },
    resize: async (cols, rows) => {
      const device = /^(\/dev\/\S+)/.exec(text)?.[1] ?? ''
      await startProgram('stty', ['-F', device, 'cols', String(cols), 'rows', String(rows)], {}).ended
    },
    ended: child.ended.then(({ code }) => code),
    kill: () => void child.kill('SIGKILL'),
  }
}
