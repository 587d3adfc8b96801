/** What ./up and ./down need to know about an installation. */

export { Config, readConfig } from './config.ts'
export { type Instance, instanceOf } from './instance.ts'
export { shippedSource } from './definitions/shipped-source.ts'
export { SYSCTLS } from './sysctls.ts'
export { findMarked } from './supervisor/adoption.ts'
export { COMPILE_CACHE, logFile, NODE, pidFile } from './supervisor/children.ts'
export { upSince, upSinceFile } from './up-since.ts'
export { supervisorPid } from './supervisor/supervisor-pid.ts'
