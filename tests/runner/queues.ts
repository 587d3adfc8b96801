/** In which order the files of a tier run, and which of them at the same time. */

export interface Queues {
  /** One after the other: they share an installation. */
  readonly inRow: readonly string[]
  /** Any number at once, and beside those. */
  readonly free: readonly string[]
}

/**
 * @param workers how many files at once
 * @param quiet from when on the machine has room for more than the row; its failure is its own affair
 */
export async function runQueues(
  { inRow, free }: Queues,
  workers: number,
  quiet: Promise<unknown>,
  run: (file: string) => Promise<void>,
): Promise<void> {
  const [row, others] = [[...inRow], [...free]]
  const drain = async (queue: string[]): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await run(file)
  }
  const inOrder = async (): Promise<void> => {
    await drain(row)
    await drain(others)
  }
  const beside = async (): Promise<void> => {
    await quiet.catch(() => undefined)
    await drain(others)
  }
  await Promise.all([inOrder(), ...Array.from({ length: workers - 1 }, beside)])
}
