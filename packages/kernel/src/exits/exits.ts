/** Tells when a process has ended, also one that is not (or no longer) a child. */

export interface ProcessEnd {
  readonly pid: number
  /** Both null when this process was not its parent, and whoever was has reaped it before it was seen, and the kernel (< 6.15) does not tell. */
  readonly code: number | null
  /** Signal number. */
  readonly signal: number | null
}

export interface ExitWatch extends Disposable {
  /** Calls `ended` once, when the process has ended (and is reaped, if it was our child; another's may still have to be). A pid that does not exist is gone. */
  watch(pid: number, ended: (end: ProcessEnd) => void): void
  /** Whether it has ended or is about to. An init's last act is to wait for all that ran in its pid namespace, and nothing new begins there. */
  ending(pid: number): boolean
}
