/** ConfigureNetwork on the running kernel: this thread goes into the namespace for as long as it takes to make a socket there. */

import { openRtnetlink } from '../netlink/socket.ts'
import { inNetworkOf } from '../netns/real.ts'
import { configure } from './configure.ts'
import type { ConfigureNetwork } from './network.ts'

export const realConfigureNetwork: ConfigureNetwork = async (pid, steps) => {
  using socket = inNetworkOf(pid, openRtnetlink)
  await configure(socket, steps)
}
