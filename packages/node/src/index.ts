/** What other code of this repository may use of the node; its processes are started by their entry files. */

export { type Instance, instanceOf } from './instance.ts'
export { SYSCTLS } from './sysctls.ts'
