/**
 * Reads the engine's multiplexed output, chunk by chunk. A frame: stream type, three zero bytes, length (big endian),
 * payload. Source: https://docs.docker.com/reference/api/engine/ (attach to a container, stream format).
 */
export function unframed(deliver: (stream: 'stdout' | 'stderr', chunk: Buffer) => void) {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= 8) {
      const end = 8 + rest.readUInt32BE(4)
      if (rest.length < end) return
      deliver(rest[0] === 2 ? 'stderr' : 'stdout', rest.subarray(8, end))
      rest = rest.subarray(end)
    }
  }
}
