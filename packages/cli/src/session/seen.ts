/** Remembers the end of what was shown, so that after a reconnection the scrollback goes on where it was cut. */

const TAIL = 256

export interface Seen {
  /** For the view that shows first, or goes on. */
  readonly through: (bytes: Uint8Array) => Uint8Array
  /** For a view that begins with scrollback, of which a part has been shown. */
  resumed(): (bytes: Uint8Array) => Uint8Array
}

export function seen(): Seen {
  let tail = Buffer.alloc(0)
  const through = (bytes: Uint8Array) => {
    tail = Buffer.from(Buffer.concat([tail, bytes.subarray(-TAIL)]).subarray(-TAIL))
    return bytes
  }
  return {
    through,
    resumed: () => {
      let first = true
      return (bytes) => {
        if (!first) return through(bytes)
        first = false
        const at = tail.length === 0 ? -1 : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(tail)
        return through(at === -1 ? bytes : bytes.subarray(at + tail.length))
      }
    },
  }
}
