import { html } from 'hono/html'
import { inert } from '../../core/text.ts'
import type { Html } from './page.ts'

/**
 * ECMA-48 sequences: SGR sets colour and style. All others (cursor moves, titles, links) have no meaning on a page. None
 * hides more than the rest of its line.
 */
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  /\u001b\[([\d;:]*)m|\u001b\[[0-?]*[ -/]*[@-~]|\u001b[\]P^_X][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]|\u009b[0-?]*[ -/]*[@-~]/g

/** A text with more changes of style than this is a picture, or an attack: the rest is shown plain. */
const maxSpans = 2_000

interface Style {
  color: number | null
  bold: boolean
  dim: boolean
}

/** Output in the colours of a terminal; everything else in it is escaped and made visible. */
export function ansi(text: string): Html[] {
  const style: Style = { color: null, bold: false, dim: false }
  const parts: Html[] = []
  const add = (piece: string) => {
    if (piece === '') return
    const classes = classesOf(style)
    const shown = plain(piece)
    parts.push(classes === '' ? html`${shown}` : html`<span class="${classes}">${shown}</span>`)
  }
  let from = 0
  for (const match of text.matchAll(sequences)) {
    if (parts.length >= maxSpans) break
    add(text.slice(from, match.index))
    from = match.index + match[0].length
    if (match[1] !== undefined) apply(style, match[1])
  }
  add(text.slice(from).replace(sequences, ''))
  return parts
}

/** The same text without styles. */
export const withoutAnsi = (text: string): string => plain(text.replace(sequences, ''))

const plain = (text: string): string => inert(text.replace(/\r+\n?/g, '\n'))

function classesOf({ color, bold, dim }: Style): string {
  return [color === null ? '' : `c${color}`, bold ? 'b' : '', dim ? 'dim' : ''].filter(Boolean).join(' ')
}

/** https://www.ecma-international.org/publications-and-standards/standards/ecma-48, 8.3.117; 38;5;n as xterm has it. */
function apply(style: Style, parameters: string): void {
  const codes = parameters.split(/[;:]/).map(Number)
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0
    if (code === 0) Object.assign(style, { color: null, bold: false, dim: false })
    else if (code === 1) style.bold = true
    else if (code === 2) style.dim = true
    else if (code === 22) Object.assign(style, { bold: false, dim: false })
    else if (code >= 30 && code <= 37) style.color = code - 30
    else if (code >= 90 && code <= 97) style.color = code - 82
    else if (code === 39) style.color = null
    else if (code === 38 || code === 48) {
      // An index of 16 and more, or three parts of a colour: no class has it, the text stays as it is.
      const isIndex = codes[i + 1] === 5
      const index = codes[i + 2] ?? 0
      if (code === 38) style.color = isIndex && index < 16 ? index : null
      i += isIndex ? 2 : 4
    }
  }
}
