/**
 * Known secrets in another dress: wrapped, spelled out with escapes, or as a dump of bytes. A text is projected onto one
 * without the dress, the secret is looked for there, and what it came from is masked. Splits, ciphers and compression are
 * beyond this: what protects a key is that it is out of reach.
 */
export function maskDisguised(
  text: string,
  literals: readonly string[],
  secrets: readonly string[],
  mask: string,
) {
  if (literals.length === 0) return text
  const plain = squeezed(text)
  const spans = [
    ...found(withoutEscapes(text), literals),
    ...found(plain, [...literals, ...secrets.map(reversed)]),
    ...found(
      lowered(plain),
      secrets.map((secret) => secret.toLowerCase()),
    ),
    ...found(
      dumped(text),
      secrets.flatMap((secret) => [hexOf(secret), ...swappedHexes(secret)]),
    ),
  ]
  return spans.length === 0 ? text : cut(text, spans, mask)
}

/** Sequences that a terminal obeys and does not show: colours, titles, links, character sets; a BEL or ESC \\ ends the long ones. */
const terminal = String.raw`\x1b(?:\[[0-?]{0,40}[ -/]{0,4}[@-~]|\][^\x07\x1b\n]{0,2048}(?:\x07|\x1b\\)|[()*+][0-9A-Za-z]|[=>78cDEHMNOZ])`
const sequences = new RegExp(`${terminal}|[^\\n]\\x08`, 'g')

/**
 * As a reader sees it: without the sequences of a terminal, what was overstruck, and with `\\u0041` as its character. The targets of
 * links stay, for they may hold a password.
 */
export const undressed = (text: string): string =>
  text
    .replace(sequences, (one) => (one.startsWith('\x1b]8;') ? ` ${one.slice(2)} ` : ''))
    .replace(/\\u00([2-7][0-9a-fA-F])/g, (whole, hex: string) => {
      const char = String.fromCharCode(Number.parseInt(hex, 16))
      return /[\w .:@/-]/.test(char) ? char : whole
    })

/** A text made of parts of another one. */
interface Projection {
  text: string
  /** Where the character at a place of it begins in the other one, and where that part ends. */
  spanOf(from: number, to: number): Span
}
type Span = [from: number, to: number]

const reversed = (text: string): string => [...text].reverse().join('')
const hexOf = (text: string): string => Buffer.from(text).toString('hex')
/** As `od -x` shows it: words of two bytes, the second one first. It may begin in the middle of a word. */
const swappedHexes = (text: string): string[] =>
  [hexOf(text), hexOf(text).slice(2)].map((hex) => hex.replace(/(..)(..)|..$/g, '$2$1'))

/** Every place where one of them stands. */
function* found({ text, spanOf }: Projection, literals: readonly string[]): Generator<Span> {
  for (const literal of literals)
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length))
      yield spanOf(at, at + literal.length)
}

/** Pieces that stay as they are, and where each of them began. */
function project(text: string, pieces: Iterable<{ at: number; length: number; as?: string }>): Projection {
  const [starts, ats, ends, parts] = [[] as number[], [] as number[], [] as number[], [] as string[]]
  let length = 0
  for (const piece of pieces) {
    const part = piece.as ?? text.slice(piece.at, piece.at + piece.length)
    if (part === '') continue
    starts.push(length)
    ats.push(piece.at)
    ends.push(piece.at + piece.length)
    parts.push(part)
    length += part.length
  }
  const pieceAt = (place: number): number => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return low
  }
  // A piece that was replaced goes as a whole; in one that stands as it is, the place counts.
  const isSame = (i: number) => parts[i]?.length === (ends[i] ?? 0) - (ats[i] ?? 0)
  const begin = (place: number) => {
    const i = pieceAt(place)
    return (ats[i] ?? 0) + (isSame(i) ? place - (starts[i] ?? 0) : 0)
  }
  const end = (place: number) => {
    const i = pieceAt(place)
    return isSame(i) ? (ats[i] ?? 0) + place - (starts[i] ?? 0) + 1 : (ends[i] ?? 0)
  }
  return { text: parts.join(''), spanOf: (from, to) => [begin(from), end(to - 1)] }
}

/** Offsets of dumps, numbers and names that `cat -n`, `grep -n` and `diff` put before a line, joints of strings, blanks, quotes. */
const decoration = new RegExp(
  String.raw`(?<=^|\n)[0-9a-f]{6,16}:?(?=[ \t])|(?<=\n[ \t]{0,8})(?:\d{1,7}[\t:]|[+>])|["'][ \t\n]{0,10}[+.][ \t\n]{0,10}["']|${terminal}|[^\n]\x08|[\s\0\u200b-\u200f\u2060\ufeff\u00ad"'\`,|]+|\\n|\\\r?\n`,
  'g',
)

/** Without spaces, quotes, terminal colours, and the offsets that `od` and `xxd` put before each line. */
const squeezed = (text: string): Projection => project(text, pieces(text, decoration))

const lowered = ({ text, spanOf }: Projection): Projection => ({
  text: text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase()),
  spanOf,
})

/** The bytes of dumps: `xxd`, `hexdump -C`, `od -tx1`, without the column of characters. */
function dumped(text: string): Projection {
  const rows = text.matchAll(
    /(?<=^|\n)[ \t]{0,8}(?:[0-9a-fA-F]{6,16}:?[ \t]{1,4})?((?:[0-9a-fA-F]{2,8}[ \t]{1,2}){1,16}(?:[0-9a-fA-F]{2,8})?)(?=[ \t\n|]|$)/g,
  )
  return project(text, bytesOf(rows))
}

function* bytesOf(rows: Iterable<RegExpMatchArray>) {
  for (const row of rows) {
    const bytes = row[1] ?? ''
    const at = (row.index ?? 0) + row[0].length - bytes.length
    for (const group of bytes.matchAll(/[0-9a-fA-F]+/g))
      yield { at: at + group.index, length: group[0].length, as: group[0].toLowerCase() }
  }
}

/** With `\\u0041`, `\\x41`, `\\101`, `%41`, `&#65;`, `=41` read as the characters that they stand for. */
const withoutEscapes = (text: string): Projection =>
  project(
    text,
    pieces(
      text,
      /\\{1,4}u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))|\\{1,4}x\{?([0-9a-fA-F]{2})\}?|\\{1,4}([0-3][0-7]{2})|%([0-9a-fA-F]{2})|&#x([0-9a-fA-F]{2,4});|&#(\d{2,3});|=([0-9A-F]{2})|=\r?\n/g,
      ([, ...codes]) => {
        const radix = [16, 16, 16, 8, 16, 16, 10, 16]
        const i = codes.findIndex((code) => code !== undefined)
        const code = i < 0 ? 0 : Number.parseInt(codes[i] ?? '', radix[i])
        return code >= 0x20 && code < 0x80 ? String.fromCharCode(code) : ''
      },
    ),
  )

/** A text without what a pattern matches, or with what that stands for. */
function* pieces(text: string, pattern: RegExp, meaning: (match: RegExpExecArray) => string = () => '') {
  let from = 0
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) yield { at: from, length: match.index - from }
    yield { at: match.index, length: match[0].length, as: meaning(match) }
    from = match.index + match[0].length
  }
  if (from < text.length) yield { at: from, length: text.length - from }
}

function cut(text: string, spans: Span[], mask: string): string {
  let [masked, from] = ['', 0]
  for (const [at, end] of spans.sort(([a], [b]) => a - b)) {
    if (end <= from) continue
    if (at >= from) masked += text.slice(from, at) + mask
    from = end
  }
  return masked + text.slice(from)
}
