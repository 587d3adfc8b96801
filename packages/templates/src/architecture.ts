import { arch } from 'node:os'

/** Node's names to Debian's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Of this machine, as Debian names it. */
export const nodeArchitecture = (): string => ARCHITECTURES[arch()] ?? arch()
