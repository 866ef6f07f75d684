/** Enough for any output that a lab needs, and little enough memory when a program prints without end. */
const mostOutputBytes = 1 << 20

export interface Output {
  add(chunk: Buffer): void
  /** Beginning and end, with a note of the size left out between; invalid UTF-8 becomes U+FFFD. */
  text(): string
}

/** Collects a program's output in bounded memory. */
export function boundedOutput(maxBytes = mostOutputBytes): Output {
  const headMost = Math.ceil(maxBytes / 2)
  const tailMost = maxBytes - headMost
  let head: Buffer[] = []
  let tail: Buffer[] = []
  let [headBytes, tailBytes, leftOut] = [0, 0, 0]
  return {
    add(chunk) {
      const first = chunk.subarray(0, headMost - headBytes)
      const rest = chunk.subarray(first.length)
      // Copy: a slice of a chunk would keep the whole chunk in memory.
      if (first.length > 0) head.push(Buffer.from(first))
      headBytes += first.length
      if (rest.length === 0) return
      tail.push(Buffer.from(rest.subarray(-tailMost)))
      leftOut += Math.max(0, rest.length - tailMost)
      tailBytes += Math.min(rest.length, tailMost)
      if (tailBytes <= 2 * tailMost && tail.length < 1_024) return
      const all = Buffer.concat(tail)
      tail = [Buffer.from(all.subarray(-tailMost))]
      leftOut += Math.max(0, all.length - tailMost)
      tailBytes = Math.min(all.length, tailMost)
    },
    text() {
      const all = Buffer.concat(tail)
      const kept = all.subarray(Math.max(0, all.length - tailMost))
      const missing = leftOut + all.length - kept.length
      head = [Buffer.concat(head)]
      if (missing === 0) return Buffer.concat([...head, kept]).toString()
      return `${head[0]}\n[${missing} bytes left out]\n${kept}`
    },
  }
}
