import { constants } from 'node:os'
import { getSystemErrorMessage } from 'node:util'

/** The kernel said no to a change of the network, or to a question about it. `code` is the errno's name. */
export class NetworkRefused extends Error {
  override readonly name = 'NetworkRefused'
  readonly code: string
  /** @param action "add the address 192.0.2.7/32 to eth0" @param explanation the kernel's own words, where it has some */
  constructor(action: string, errno: number, explanation: string | null = null) {
    const code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`
    const words = explanation === null ? '' : `: ${explanation}`
    super(`cannot ${action}: ${getSystemErrorMessage(-errno)} (${code})${words}`)
    this.code = code
  }
}
