/**
 * libnftables(3) in this process: a table in a few milliseconds at most, where nft(8) as a process takes 20. Commands run in a worker thread,
 * because the kernel lets a transaction wait for its other CPUs; one at a time, because the library keeps a list of interfaces that
 * threads must not share; and each in a context of its own, because a context keeps the socket and the caches of its first command. To free one
 * takes 10 ms (its socket waits for what the transaction replaced), which only the next command waits for.
 *
 * They come from a file without a name, because of commands in memory the library quotes the wrong line in its errors.
 */

import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import koffi, { type KoffiFunc, type LibraryHandle } from 'koffi'
import { FilterRefused } from './filter.ts'

const OUTPUT_JSON = 1 << 4
const INPUT_NO_DNS = 1 << 0
/** open(2): fs.constants has none. */
const O_TMPFILE = 0x410000

export interface Nft {
  /** JSON of what the commands list. @throws FilterRefused */
  run(commands: string): Promise<string>
  /** Asks the kernel, and changes nothing. @throws FilterRefused */
  check(commands: string): Promise<void>
}

export function openNft(): Nft {
  const library = loadLibrary()
  const newContext = library.func('void *nft_ctx_new(uint32_t flags)')
  const free = inWorker(library.func('void nft_ctx_free(void *context)'))
  const bufferOutput = library.func('int nft_ctx_buffer_output(void *context)')
  const bufferErrors = library.func('int nft_ctx_buffer_error(void *context)')
  const output = library.func('const char *nft_ctx_get_output_buffer(void *context)')
  const errors = library.func('const char *nft_ctx_get_error_buffer(void *context)')
  const setOutput = library.func('void nft_ctx_output_set_flags(void *context, unsigned int flags)')
  const setDryRun = library.func('void nft_ctx_set_dry_run(void *context, bool dry)')
  const setInput = newerFunction(library, 'unsigned int nft_ctx_input_set_flags(void *context, unsigned int flags)')
  const runFile = inWorker(library.func('int nft_run_cmd_from_filename(void *context, const char *name)'))
  /** What was run, and the freeing of its context. */
  const runInContext = async (
    file: number,
    dry: boolean,
  ): Promise<{ readonly output: string; readonly freed: Promise<unknown> }> => {
    const context: unknown = newContext(0)
    if (!context) throw new FilterRefused('libnftables could not open a netlink socket')
    try {
      bufferOutput(context)
      bufferErrors(context)
      setOutput(context, OUTPUT_JSON)
      setDryRun(context, dry)
      setInput?.(context, INPUT_NO_DNS)
      const failed = await runFile(context, `/proc/self/fd/${file}`)
      if (failed !== 0) throw new FilterRefused(`the packet filter refused its rules: ${explain(String(errors(context) ?? ''))}`)
      const text = String(output(context) ?? '')
      return { output: text, freed: free(context) }
    } catch (error) {
      await free(context)
      throw error
    }
  }
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = async (commands: string, dry: boolean): Promise<string> => {
    const turn = last.then(() => withFile(commands, (file) => runInContext(file, dry)))
    last = turn.then(({ freed }) => freed).catch(() => undefined)
    return (await turn).output
  }
  return {
    run: (commands) => inTurn(commands, false),
    check: async (commands) => void (await inTurn(commands, true)),
  }
}

/** The line is that of the body: what precedes it is one line. */
function explain(text: string): string {
  const lines = text.trim().replace(/^\/proc\/self\/fd\/\d+:(\d+):[\d-]+: Error: /gm, (_, line) => `line ${Number(line) - 1}: `)
  return lines
    .split('\n')
    .filter((line) => !/^\s*[\^~]+[\s^~]*$/.test(line))
    .map((line) => line.trim())
    .join('\n')
}

async function withFile<T>(contents: string, use: (file: number) => Promise<T>): Promise<T> {
  const file = openSync(tmpdir(), O_TMPFILE | constants.O_RDWR, 0o600)
  try {
    const bytes = Buffer.from(contents)
    for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
    return await use(file)
  } finally {
    closeSync(file)
  }
}

function inWorker(call: KoffiFunc<(...args: unknown[]) => unknown>): (...args: readonly unknown[]) => Promise<number> {
  return (...args) =>
    new Promise((resolve, reject) => {
      call.async(...args, (error: Error | null, result: unknown) => {
        if (error) reject(new Error('libnftables could not be called', { cause: error }))
        else resolve(Number(result))
      })
    })
}

/** Null in libraries (Debian 12's) that do not have it yet. */
function newerFunction(library: LibraryHandle, prototype: string): KoffiFunc<(...args: unknown[]) => unknown> | null {
  try {
    return library.func(prototype)
  } catch {
    return null
  }
}

function loadLibrary(): LibraryHandle {
  try {
    return koffi.load('libnftables.so.1')
  } catch (error) {
    throw new Error('libnftables.so.1 was not found; install it with: apt-get install libnftables1', { cause: error })
  }
}
