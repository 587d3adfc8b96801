/**
 * Turns the terminal's own output processing off. Node's raw mode (uv_tty_set_mode(3)) leaves ONLCR on, so that a bare line feed, which
 * a full-screen program uses to go down one row, would also go to the first column. Node has no call for it, and the CLI may not load
 * native code: this is the one process that it starts. Both ways out of raw mode restore the modes that were found.
 */

import { spawnSync } from 'node:child_process'

/** On the terminal that is stdin, before anything is shown on it. Without stty(1) the session is as good as Node makes it. */
export function rawOutput(): void {
  spawnSync('stty', ['-opost'], { stdio: [0, 'ignore', 'ignore'] })
}
