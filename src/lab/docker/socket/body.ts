import { type Readable, Transform } from 'node:stream'

export class TooLarge extends Error {
  override name = 'TooLarge'
}

const jsonBytes = 2 ** 20
const archiveBytes = 256 * 2 ** 20

/** Reads a body up to a limit; from a raw connection exactly `length` bytes, and later bytes stay unread. */
export async function bodyOf(from: Readable, maxBytes = jsonBytes, length?: number): Promise<Buffer> {
  if (length !== undefined) return exactly(from, length, maxBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of from as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new TooLarge(`the body is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function exactly(from: Readable, length: number, maxBytes: number): Promise<Buffer> {
  if (length > maxBytes) throw new TooLarge(`the body is larger than ${maxBytes} bytes`)
  if (length === 0) return Buffer.alloc(0)
  return new Promise((resolve, reject) => {
    const check = () => {
      const all: Buffer | null = from.read(length)
      if (all === null) return
      finish()
      resolve(all)
    }
    const over = () => {
      finish()
      reject(new SyntaxError('the body is cut off'))
    }
    const finish = () => {
      clearTimeout(patience)
      from.off('readable', check).off('end', over).off('close', over)
    }
    const patience = setTimeout(over, 10_000)
    from.on('readable', check).on('end', over).on('close', over)
    check()
  })
}

/** @throws SyntaxError */
export const jsonIn = (body: Buffer): unknown =>
  body.length === 0 ? null : JSON.parse(body.toString('utf8'))

/** Passes data on, up to a limit. */
export function bounded(from: Readable): Readable {
  let bytes = 0
  const count = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length
      done(bytes > archiveBytes ? new TooLarge(`larger than ${archiveBytes} bytes`) : null, chunk)
    },
  })
  from.on('error', (error) => count.destroy(error))
  return from.pipe(count)
}
