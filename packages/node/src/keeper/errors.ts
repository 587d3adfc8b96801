/** Why the keeper could not do what it was asked. `code` crosses the socket; the daemon maps it to the API's error table. */

export type KeeperErrorCode =
  | 'launch_failed'
  /** The volume is full. */
  | 'no_space'
  | 'start_failed'
  | 'no_such_vps'
  | 'unreachable'
  | 'exec_failed'
  /** The VPS has as many processes as it may. */
  | 'exec_no_process'
  | 'exec_not_found'
  | 'exec_not_executable'
  | 'user_unknown'
  | 'network_failed'
  | 'internal'

export class KeeperError extends Error {
  override readonly name = 'KeeperError'
  readonly code: KeeperErrorCode
  constructor(code: KeeperErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
