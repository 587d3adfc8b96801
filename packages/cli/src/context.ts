/** What a command works with: where the node is, the streams of this process, and a client made when it is first needed. */

import type { Client } from '@insula/contract/light'
import type { ClientSocket } from './transport/websocket.ts'

export interface Context {
  readonly socketPath: string
  readonly instance: string
  /** Of this process, as it was started: is it a terminal? */
  readonly terminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  /** Columns of the terminal that stdout is; null when it is none. */
  readonly width: number | null
  /** For bytes that are passed on. A failure of it is not the caller's to handle: it ends the process. */
  stdout(): NodeJS.WriteStream
  stderr(): NodeJS.WriteStream
  /** To stdout, a line end added. */
  print(text: string): void
  /** To stderr, a line end added. */
  note(text: string): void
  /** To stderr, as it is: progress that redraws itself. */
  draw(text: string): void
  client(): Promise<Client<ClientSocket>>
  /** Goes where it keeps nobody from unmounting anything. */
  leaveDirectory(): void
  /** Until everything written has left. */
  flush(): Promise<void>
}
