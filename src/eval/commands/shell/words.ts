// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells have them too
import { forEachChild, type HereDoc, type SyntaxNode, type Word, type WordPart } from 'unbash'
import { cleaned, glob, words as manyWords, number, unknown, unquoted } from '../programs/marks.ts'
import { checkArithmetic, checkSubscript, type Reader } from './arithmetic.ts'
import { isSpecial } from './names.ts'
import type { RunScript, Scope } from './scope.ts'

/** A piece of a word: more than one value for arrays, `split` where the shell splits at white space. */
interface Piece {
  values: readonly string[]
  split: boolean
}

const piece = (text: string, split = false): Piece => ({ values: [text], split })

/** Variables that are doubled again and again become longer than memory. */
const longest = 65_536

function checked(values: readonly string[]): void {
  if (values.reduce((length, value) => length + value.length + 1, 0) > longest)
    throw new RangeError('a word is too long')
}

/** The fields that a word becomes. Substitutions in it are run, each once. */
export function expand(word: Word, scope: Scope, run: RunScript): string[] {
  if (!word.parts) return [word.value]
  const fields: string[] = []
  let open = false
  const add = (text: string, glue: boolean) => {
    const last = glue && open ? fields.pop() : undefined
    fields.push((last ?? '') + text)
    open = true
  }
  let hasBraces = false
  for (const part of word.parts) {
    hasBraces ||= part.type === 'BraceExpansion'
    const { values, split } = pieceOf(part, scope, run)
    checked(fields)
    if (!split) {
      values.forEach((value, index) => {
        add(value, index === 0)
      })
      continue
    }
    for (const value of values) {
      // Blanks as the shell has them: it does not split at other white space.
      const words = unquoted(value)
        .replace(/[*?[]/g, `${glob}$&`)
        .split(/[ \t\n]+/)
      words.forEach((text, index) => {
        if (text !== '') add(text, index === 0)
        else open = false
      })
    }
  }
  return hasBraces ? fields.flatMap((field) => (plainBraces(word) ? braces(field) : [manyWords])) : fields
}

/** Quotes and expansions within or beside braces: only the shell can tell where its commas are. */
const plainBraces = ({ parts = [] }: Word): boolean =>
  parts.every((part) => !/["'\\$`]/.test(part.text) && part.type !== 'ProcessSubstitution')

/** As one text, as assignments and redirections take it. */
/** For arithmetic. */
export const reader = (scope: Scope, run: RunScript): Reader => ({
  ofWord: (word) => expand(word, scope, run).join(' '),
  ofParts: (parts) => textOfParts(parts, scope, run),
  run,
})

export const textOf = (word: Word, scope: Scope, run: RunScript): string => expand(word, scope, run).join(' ')

function pieceOf(part: WordPart, scope: Scope, run: RunScript): Piece {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
      return piece(part.value)
    case 'AnsiCQuoted':
      return piece(cleaned(part.value))
    case 'Glob':
      substitutions(part, run)
      return piece(glob + part.value)
    case 'DoubleQuoted':
    case 'LocaleString':
      return { values: quoted(part.parts, scope, run), split: false }
    case 'SimpleExpansion':
      return { values: plainValue(part.text.slice(1), scope), split: true }
    case 'ParameterExpansion':
      return { values: parameter(part, scope, run), split: true }
    case 'CommandExpansion':
      return piece((part.script && run(part.script)?.replace(/\n+$/, '')) ?? unknown, true)
    case 'ProcessSubstitution':
      if (part.script) run(part.script, part.operator === '>')
      return piece('/dev/fd/63')
    case 'ArithmeticExpansion':
      checkArithmetic(part.expression, scope, reader(scope, run))
      return piece(number)
    case 'ExtendedGlob':
      substitutions(part, run)
      return piece(glob + part.text)
    case 'BraceExpansion':
      substitutions(part, run)
      return piece(part.text)
    default:
      return part satisfies never
  }
}

/** Values of a text in double quotes: one, or as many as the array in it has elements. */
function quoted(parts: readonly WordPart[], scope: Scope, run: RunScript): string[] {
  let values = ['']
  for (const part of parts) {
    const found = pieceOf(part, scope, run).values
    const [first = '', ...rest] = joins(part) ? [found.join(' ')] : found
    values = [...values.slice(0, -1), (values.at(-1) ?? '') + first, ...rest]
    checked(values)
  }
  return values
}

/** As in double quotes. */
const textOfParts = (parts: readonly WordPart[], scope: Scope, run: RunScript): string =>
  quoted(parts, scope, run).join(' ')

type ParameterPart = Extract<WordPart, { type: 'ParameterExpansion' }>

/** `"$*"` is one word. */
const joins = (part: WordPart): boolean =>
  part.type === 'SimpleExpansion'
    ? part.text === '$*'
    : part.type === 'ParameterExpansion' && (part.index?.value ?? part.parameter) === '*'

function parameter(part: ParameterPart, scope: Scope, run: RunScript): readonly string[] {
  const { operation, index, prefix } = part
  if (index) checkSubscript(index, scope, reader(scope, run))
  if (prefix === '!') {
    // The value is the name of another variable, whose subscript is evaluated.
    if (operation?.type !== 'Names' && !/^[@*]$/.test(index?.value ?? ''))
      scope.doubt('${!x}: the value of a value')
    return [unknown]
  }
  if (prefix === '#') return [number]
  const set = elementOf(part, scope)
  switch (operation?.type) {
    case undefined:
      return set ?? [unknown]
    case 'Default': {
      const otherwise = textOf(operation.operand, scope, run)
      // With a colon, what is empty counts as not set.
      const known = operation.operator.startsWith(':') && set?.join('') === '' ? undefined : set
      if (operation.operator.endsWith('+')) return known ? [otherwise] : [unknown]
      if (operation.operator.endsWith('=')) {
        if (isSpecial(part.parameter)) scope.doubt(`${part.parameter}=: decides what programs do`)
        scope.variables.set(part.parameter, known ?? [otherwise])
      }
      if (known || isSpecial(part.parameter)) return known ?? [unknown]
      return [operation.operator.endsWith('?') ? unknown : otherwise]
    }
    case 'Slice':
      for (const bound of [operation.offset, operation.length])
        if (bound) checkSubscript(bound, scope, reader(scope, run))
      break
    case 'Transform':
      if (!/^[QULuAaKk]$/.test(operation.operand.value)) scope.doubt('${x@P}: expands a value')
      break
    case 'Unknown':
      scope.doubt('${...}: an expansion that is not known')
  }
  substitutions(part, run)
  return [unknown]
}

/** Its value by its subscript; without one, the first of an array. */
function elementOf({ parameter: name, index }: ParameterPart, scope: Scope): readonly string[] | undefined {
  if (!index) return isSet(name, scope) ? plainValue(name, scope) : undefined
  const values = scope.variables.get(name)
  if (index.value === '@' || index.value === '*') return values
  return values && /^\d+$/.test(index.value) ? [values[Number(index.value)] ?? unknown] : undefined
}

const isSet = (name: string, scope: Scope): boolean =>
  scope.variables.has(name) || numbers.test(name) || (/^(\d+|[@*])$/.test(name) && scope.args !== null)

/** Set by the shell itself: its own numbers. */
const numbers = /^([?#$!]|RANDOM|SECONDS|UID|EUID|PPID|LINENO|EPOCHSECONDS|BASHPID|SHLVL)$/

/** `$x`: of an array its first value. */
function plainValue(name: string, scope: Scope): readonly string[] {
  if (name === '@' || name === '*') return scope.args ?? [unknown]
  if (/^[1-9]\d*$/.test(name)) return [scope.args ? (scope.args[Number(name) - 1] ?? '') : unknown]
  if (numbers.test(name)) return [number]
  const values = scope.variables.get(name)
  return values ? values.slice(0, 1) : [unknown]
}

/** `{a,b}` and `{1..3}` in a word; many words, when that is not all there is in it, or too many. */
function braces(text: string): string[] {
  let words = [text]
  while (words.length <= 64) {
    const next = words.flatMap((word) => {
      const match = /^(.*?)\{([^{}]*,[^{}]*|\d{1,9}\.\.\d{1,9})\}(.*)$/s.exec(word)
      const [, before = '', list = '', after = ''] = match ?? []
      return match ? itemsOf(list).map((item) => before + item + after) : [word]
    })
    if (next.length === words.length) return words.some((word) => /[{}]/.test(word)) ? [manyWords] : words
    words = next
  }
  return [manyWords]
}

function itemsOf(list: string): string[] {
  if (list.includes(',')) return list.split(',')
  const [from = 0, to = 0] = list.split('..').map(Number)
  const length = Math.abs(to - from) + 1
  return length > 64
    ? [number, number]
    : Array.from({ length }, (_, at) => `${from < to ? from + at : from - at}`)
}

/** Runs every substitution below a node whose text does not matter. */
export function substitutions(node: SyntaxNode, run: RunScript): void {
  if (
    node.type === 'CommandExpansion' ||
    node.type === 'ProcessSubstitution' ||
    node.type === 'ArithmeticCommandExpansion'
  ) {
    if (node.script) run(node.script, node.type === 'ProcessSubstitution' && node.operator === '>')
    return
  }
  forEachChild(node, (child) => {
    substitutions(child, run)
  })
}

/** Text of a heredoc after expansion. */
export function heredocText({ delimiter, operator, body }: HereDoc, scope: Scope, run: RunScript): string {
  const text = delimiter?.quoted || !body.parts ? body.text : textOfParts(body.parts, scope, run)
  return operator === '<<-' ? text.replace(/^\t+/gm, '') : text
}
