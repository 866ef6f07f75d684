import { createZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Texts longer than this are stored compressed. */
const compressAboveBytes = 64 * 1024

export function packBody(text: string): string | Uint8Array {
  const bytes = Buffer.from(text)
  return bytes.length > compressAboveBytes ? zstdCompressSync(bytes) : text
}

export const unpackBody = (body: string | Uint8Array): string =>
  typeof body === 'string' ? body : zstdDecompressSync(body).toString()

/** The first bytes of a packed text, without unpacking the rest. */
export async function headOfPacked(packed: Uint8Array, bytes: number): Promise<Uint8Array> {
  const unpacking = createZstdDecompress()
  unpacking.end(packed)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of unpacking) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= bytes) break // destroys the stream
  }
  return Buffer.concat(chunks).subarray(0, bytes)
}
