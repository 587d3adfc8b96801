/**
 * The one way into the database: units of statements, each all or nothing, and one wait for the disk for all units that come together or while it is
 * waited for. Of a hundred VPSs that start at once each writes its state down before the next step; without this they would wait for the disk one
 * after the other. Reads see what is written a moment before it is on the disk.
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Compilable, CompiledQuery } from 'kysely'

/** Of the last statement of a unit. */
export interface Written {
  readonly changes: number
  readonly insertId: number
}

export interface Writes {
  /** Resolves when all of these statements are on the disk; rejects when none of them is. Units take effect in the order of the calls. */
  write(...statements: readonly [Compilable, ...Compilable[]]): Promise<Written>
  /** Writes now what waits. Resolves when nothing waits for the disk any more. */
  settle(): Promise<void>
}

interface Outcome {
  readonly unit: Unit
  readonly result: { readonly written: Written } | { readonly refused: unknown }
}

interface Unit {
  readonly statements: readonly CompiledQuery[]
  readonly settled: PromiseWithResolvers<Written>
}

const MOST_PREPARED = 100

/**
 * @param sync resolves when every commit before is on the disk
 * @param lost told that it could not: nobody knows any more what of the database outlives this process, which had better begin anew
 */
export function openWrites(database: DatabaseSync, sync: () => Promise<void>, lost: (error: unknown) => void): Writes {
  const prepared = new Map<string, StatementSync>()
  let waiting: Unit[] = []
  let committed: Outcome[] = []
  let syncing: Promise<void> | null = null

  const perform = ({ sql, parameters }: CompiledQuery): Written => {
    const statement = prepared.get(sql) ?? database.prepare(sql)
    // Rows of events make a statement for each number of them.
    if (prepared.size >= MOST_PREPARED) prepared.clear()
    prepared.set(sql, statement)
    const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]))
    return { changes: Number(changes), insertId: Number(lastInsertRowid) }
  }
  /** What one unit may not do, the others may. */
  const performUnit = ({ statements }: Unit): Outcome['result'] => {
    database.exec('savepoint unit')
    try {
      const written = statements.map(perform).at(-1) ?? { changes: 0, insertId: 0 }
      database.exec('release unit')
      return { written }
    } catch (error) {
      // A full disk makes SQLite take everything back by itself: then it is not only this unit's failure.
      if (!database.isTransaction) throw error
      database.exec('rollback to unit; release unit')
      return { refused: error }
    }
  }
  const flush = (): void => {
    const units = waiting
    if (units.length === 0) return
    waiting = []
    try {
      database.exec('begin immediate')
      const outcomes = units.map((unit) => ({ unit, result: performUnit(unit) }))
      database.exec('commit')
      committed.push(...outcomes)
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('rollback')
      for (const { settled } of units) settled.reject(error)
    }
    if (committed.length > 0) syncing ??= reachDisk()
  }
  /** Whoever commits while the disk is waited for goes with the next time. */
  const reachDisk = async (): Promise<void> => {
    while (committed.length > 0) {
      const outcomes = committed
      committed = []
      try {
        await sync()
      } catch (error) {
        for (const { unit } of outcomes) unit.settled.reject(error)
        lost(error)
        continue
      }
      for (const { unit, result } of outcomes) {
        if ('refused' in result) unit.settled.reject(result.refused)
        else unit.settled.resolve(result.written)
      }
    }
    // In the same breath as the last look: who commits after it has to find that nobody waits for the disk.
    syncing = null
  }

  return {
    write(...statements) {
      const unit = { statements: statements.map((statement) => statement.compile()), settled: Promise.withResolvers<Written>() }
      waiting.push(unit)
      if (waiting.length === 1) setImmediate(flush)
      return unit.settled.promise
    },
    async settle() {
      flush()
      while (syncing !== null) await syncing
    },
  }
}
