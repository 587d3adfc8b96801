/**
 * Packet filter: one nft(8) table per owner, always replaced as a whole in one kernel transaction, never appended to.
 */

export interface PacketFilter {
  /** Replaces table `family name` with `body` (the text between the braces), atomically; makes it if absent. Calls take effect in their order.
   * @throws FilterRefused with the line the kernel or parser refused, counted from body's first; the table is then as it was */
  replaceTable(family: 'inet' | 'netdev' | 'ip' | 'ip6', name: string, body: string): Promise<void>
  /** Idempotent. */
  removeTable(family: string, name: string): Promise<void>
  /** Names of tables of all families as "inet insula". */
  tables(): Promise<string[]>
  /** The table as nft's JSON (libnftables-json(5)); null if absent. */
  table(family: string, name: string): Promise<unknown>
}

export class FilterRefused extends Error {
  override readonly name = 'FilterRefused'
}
