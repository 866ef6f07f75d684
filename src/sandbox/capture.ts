import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** Output of a command: all of it, or its beginning and its true end. */
export interface Printed {
  /** All of the output while it is short enough. */
  head: string
  /** Set only if something was left out between the two. */
  rest?: { tail: string; leftBytes: number; leftLines: number }
}

export interface Captured {
  /** The output so far. It does not change any more once the stream has ended. */
  printed(): Printed
}

/** How far a cut moves to a line end: half a secret would not be recognised, and secrets seldom span lines. */
const nearBytes = 4_096

/**
 * Reads a stream to its end and keeps `maxBytes` of it: the first half, and the last in a ring. The end shows how a command
 * ended, and the counts show how much is missing. Invalid UTF-8 becomes U+FFFD.
 */
export function capture(stream: Readable, maxBytes: number, onOutput?: (chunk: string) => void): Captured {
  const headBytes = Math.floor(maxBytes / 2)
  const tailBytes = maxBytes - headBytes
  const head: Buffer[] = []
  let tail: Buffer[] = []
  let headLength = 0
  let tailLength = 0
  let leftBytes = 0
  let leftLines = 0

  const leave = (bytes: Buffer) => {
    leftBytes += bytes.length
    leftLines += newlinesIn(bytes)
  }
  /** Drops whole chunks while the rest is still long enough; printed() cuts the excess. */
  const trim = () => {
    let gone = 0
    for (let first = tail[gone]; first && tailLength - first.length >= tailBytes; first = tail[gone]) {
      leave(first)
      tailLength -= first.length
      gone++
    }
    if (gone > 0) tail = tail.slice(gone)
  }
  const decoder = new StringDecoder('utf8')
  stream.on('data', (chunk: Buffer) => {
    onOutput?.(decoder.write(chunk))
    const first = chunk.subarray(0, headBytes - headLength)
    if (first.length > 0) head.push(Buffer.from(first))
    headLength += first.length
    const more = chunk.subarray(first.length)
    if (more.length === 0) return
    // A copy: a small view would keep a whole read buffer alive.
    tail.push(Buffer.from(more))
    tailLength += more.length
    trim()
  })
  stream.on('error', () => undefined) // destroyed while a child still wrote
  return {
    printed: () => {
      const start = Buffer.concat(head)
      const end = Buffer.concat(tail)
      if (leftBytes === 0 && end.length <= tailBytes) return { head: textOf(Buffer.concat([start, end])) }
      const over = Math.max(0, end.length - tailBytes)
      const headEnd = lineEndBefore(start)
      const tailStart = lineStartAfter(end, over)
      const [cutHead, cutTail] = [start.subarray(headEnd), end.subarray(0, tailStart)]
      return {
        head: textOf(start.subarray(0, headEnd)),
        rest: {
          tail: textOf(end.subarray(tailStart)),
          leftBytes: leftBytes + cutHead.length + cutTail.length,
          leftLines: leftLines + newlinesIn(cutHead) + newlinesIn(cutTail),
        },
      }
    },
  }
}

const newline = 0x0a

function newlinesIn(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++
  return count
}

function lineEndBefore(bytes: Buffer): number {
  const at = bytes.lastIndexOf(newline)
  return at !== -1 && bytes.length - at <= nearBytes ? at + 1 : wholeCharacters(bytes)
}

function lineStartAfter(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(newline, from)
  if (at !== -1 && at - from <= nearBytes && at + 1 < bytes.length) return at + 1
  let start = from
  while (isContinuation(bytes[start]) && start - from < 4) start++
  return start
}

/** End of the last complete character. */
function wholeCharacters(bytes: Buffer): number {
  let start = bytes.length - 1
  while (start > 0 && isContinuation(bytes[start]) && bytes.length - start < 4) start--
  const first = bytes[start] ?? 0
  const needed = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
  return bytes.length - start < needed ? start : bytes.length
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

const textOf = (bytes: Buffer): string => bytes.toString('utf8')
