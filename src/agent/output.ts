/** Share of the beginning in a shortened output. The end gets more, since the last lines say how a command ended. */
const headShare = 0.4

/** A text whose middle was dropped before anybody could keep it. */
export interface Gapped {
  head: string
  tail: string
  leftBytes: number
  leftLines: number
}

/**
 * Keeps a text whole up to `maxChars`, else its head and tail, with a line between them saying how much is left out.
 * Cuts at line ends where one is near, and never within a character. What a gap already misses is counted as well.
 */
export function headAndTail(text: string | Gapped, maxChars: number): string {
  if (typeof text !== 'string') return joined(narrowed(text, maxChars))
  if (text.length <= maxChars) return text
  return joined(narrowed({ head: text, tail: '', leftBytes: 0, leftLines: 0 }, maxChars))
}

/** The two parts, and what lies between them as one line. */
export function joined({ head, tail, leftBytes, leftLines }: Gapped): string {
  const newline = head === '' || head.endsWith('\n') ? '' : '\n'
  return `${head}${newline}[... ${leftBytes} bytes, ${leftLines} lines left out ...]\n${tail}`
}

function narrowed({ head, tail, leftBytes, leftLines }: Gapped, maxChars: number): Gapped {
  const headChars = Math.floor(maxChars * headShare)
  const tailChars = maxChars - headChars
  // Where nothing is missing yet, one text is both parts.
  const end = leftBytes === 0 ? head : tail
  const headEnd = head.length <= headChars ? head.length : cutBefore(head, headChars)
  const tailStart = end.length <= tailChars ? 0 : cutAfter(end, end.length - tailChars)
  const left =
    leftBytes === 0 ? [head.slice(headEnd, tailStart)] : [head.slice(headEnd), tail.slice(0, tailStart)]
  const count = (of: (text: string) => number) => left.reduce((sum, text) => sum + of(text), 0)
  return {
    head: head.slice(0, headEnd),
    tail: end.slice(tailStart),
    leftBytes: leftBytes + count((text) => Buffer.byteLength(text)),
    leftLines: leftLines + count((text) => text.split('\n').length - 1),
  }
}

/** How far a cut may move to reach a line end. */
const near = (text: string) => Math.min(200, Math.floor(text.length / 10))

function cutBefore(text: string, at: number): number {
  const newline = text.lastIndexOf('\n', at - 1)
  if (newline !== -1 && at - newline <= near(text)) return newline + 1
  return isInsidePair(text, at) ? at - 1 : at
}

function cutAfter(text: string, at: number): number {
  const newline = text.indexOf('\n', at)
  if (newline !== -1 && newline + 1 < text.length && newline - at <= near(text)) return newline + 1
  return isInsidePair(text, at) ? at + 1 : at
}

const isInsidePair = (text: string, at: number): boolean => {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)]
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff
}
