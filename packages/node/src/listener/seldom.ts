/** A log that tenants cannot fill: what they do comes thousands of times a second. */

const LINES = 20
const MINUTE_MS = 60_000

/** Passes on so many lines a minute, and says how many it left out. */
export function seldom(log: (line: string) => void, now: () => number = () => performance.now()): (line: string) => void {
  let [since, count] = [now(), 0]
  return (line) => {
    if (now() - since >= MINUTE_MS) {
      if (count > LINES) log(`${count - LINES} more lines like these were left out`)
      since = now()
      count = 0
    }
    count += 1
    if (count <= LINES) log(line)
  }
}
