/** What the daemon's log says last about why it failed. */

/** null when the log says nothing. Its lines are JSON, but for what Node itself writes when it cannot even start. */
export function lastReason(log: string): string | null {
  const line = log.trimEnd().split('\n').at(-1) ?? ''
  try {
    const entry = JSON.parse(line) as { readonly err?: { readonly message?: string }; readonly msg?: string }
    return entry.err?.message ?? entry.msg ?? null
  } catch {
    return line || null
  }
}
