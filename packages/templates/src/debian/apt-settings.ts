/** The node's apt settings that a mirror may need: proxies, certificates, and how old its lists may be. apt.conf(5) */

export interface AptSetting {
  /** "Acquire::http::Proxy". */
  readonly name: string
  readonly value: string
}

/** What `apt-config dump --format '%f "%v";%n'` prints, reduced to what building needs. */
export function parseSettings(dump: string): AptSetting[] {
  return dump.split('\n').flatMap((line) => {
    const [, name, value] = /^(\S+) "(.*)";$/.exec(line) ?? []
    return name !== undefined && value !== undefined && value !== '' && NEEDED.test(name) ? [{ name, value }] : []
  })
}

const NEEDED =
  /^Acquire::(?:(?:http|https|ftp)::(?:Proxy|ProxyAutoDetect|Proxy-Auto-Detect|Timeout|CAInfo|CAPath|Verify-Peer|Verify-Host|SslCert|SslKey)(?:::.*)?|https::.*::(?:CAInfo|Verify-Peer|Verify-Host)|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date|Max-FutureTime)$/i

/** Those that are true of the mirror and not of the node, so that apt inside a VPS, which uses the same mirror, needs them too. */
export function settingsOfMirror(settings: readonly AptSetting[]): AptSetting[] {
  return settings.filter(({ name, value }) => OF_MIRROR.test(name) || (PROXY.test(name) && !isLocal(value)))
}

const OF_MIRROR = /^Acquire::(?:Check-Valid-Until|Check-Date|Max-FutureTime)$/i
const PROXY = /^Acquire::(?:http|https|ftp)::Proxy(?:::.*)?$/i

/** A proxy on the node itself is somebody else's machine when seen from inside a VPS. */
const isLocal = (value: string): boolean => /^[a-z]+:\/\/(?:[^/@]*@)?(?:localhost|127\.|\[::1\])/i.test(value)

export const formatSetting = ({ name, value }: AptSetting): string => `${name} "${value}"`
