/** What services that do not run have said themselves: why an app could not be brought to work is rarely in what its script says. */

import { InsideFailed } from './inside.ts'
import type { Work } from './work.ts'

const MOST_UNITS = 3
const MOST_LINES = 5
const LONGEST_LINE = 200

/**
 * A line "UNIT\tWORDS" for each of the last lines of services that have failed, or are being tried again and again, since a moment. Their own words; those of
 * systemd about them where they had none. systemd.journal-fields(7)
 */
const ASK = `[ -d /run/systemd/system ] && command -v journalctl > /dev/null || exit 0
journalctl --sync 2> /dev/null || true
systemctl list-units --type=service --state=failed,auto-restart --plain --no-legend --no-pager | while read -r unit rest; do
  said=$(journalctl -q --no-pager -o cat --since "@$1" -n "$2" "_SYSTEMD_UNIT=$unit")
  [ -n "$said" ] || said=$(journalctl -q --no-pager -o cat --since "@$1" -n 2 -u "$unit")
  [ -z "$said" ] || printf '%s\\n' "$said" | while read -r line; do printf '%s\\t%s\\n' "$unit" "$line"; done
done`

const PORT_TAKEN = 'something else has the port (`ss -ltnp` inside tells what): end that, or give another with --set'

/** Runs body; what fails in it tells what services have said meanwhile. */
export async function withServices<T>(work: Pick<Work, 'inside' | 'signal'>, body: () => Promise<T>): Promise<T> {
  const since = Math.floor(Date.now() / 1_000)
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof InsideFailed)) throw error
    const said = await wordsOfServices(work, since)
    const message = said === '' ? error.message : `${error.message}; ${said}`
    throw new InsideFailed(error.phase, message, /address already in use/i.test(message) ? PORT_TAKEN : error.remedy, {
      cause: error,
    })
  }
}

/** It only explains: what goes wrong here hides nothing. */
async function wordsOfServices({ inside, signal }: Pick<Work, 'inside' | 'signal'>, since: number): Promise<string> {
  if (signal?.aborted === true) return ''
  try {
    // As it is heard, which is without secrets: a service may quote what it was given.
    const heard: string[] = []
    const onLine = (line: string): void => void heard.push(line)
    await inside.run(['sh', '-c', ASK, 'sh', `${since}`, `${MOST_LINES}`], { seconds: 20, onLine })
    return parseWords(heard.join('\n'))
  } catch {
    return ''
  }
}

/** "nginx.service does not run: it said: bind() failed | still could not bind()" */
export function parseWords(text: string): string {
  const byUnit = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [, unit, words] = /^([\w@.\\:-]+)\t(.*\S)/.exec(line) ?? []
    if (unit === undefined || words === undefined) continue
    const shown = words.length > LONGEST_LINE ? `${words.slice(0, LONGEST_LINE)}...` : words
    byUnit.set(unit, [...(byUnit.get(unit) ?? []), shown])
  }
  const told = [...byUnit]
    .slice(0, MOST_UNITS)
    .map(([unit, lines]) => `${unit} does not run and said: ${lines.slice(-MOST_LINES).join(' | ')}`)
  return told.join('; ')
}
