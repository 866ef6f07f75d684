import type { ArithmeticExpression, TestExpression, Word, WordPart } from 'unbash'
import { number, unknown } from '../programs/marks.ts'
import { isSpecial } from './names.ts'
import type { RunScript, Scope } from './scope.ts'

/** How words are read, by words.ts: it needs arithmetic, too. */
export interface Reader {
  ofWord(word: Word): string
  ofParts(parts: readonly WordPart[]): string
  run: RunScript
}

const digits = new RegExp(`^[\\d\\s${number}+-]*$`)
const isNumber = (text: string): boolean => digits.test(text) || /^(0[xX][\da-fA-F]+|\d+#\w+)$/.test(text)

const why = 'arithmetic: runs what is in a text that only the shell knew'

/**
 * Bash evaluates the values of variables in arithmetic, again and again, and runs the substitutions in their subscripts:
 * `x='a[$(rm y)]'; echo $((x))` removes y. So only numbers, and variables that hold numbers, are known to be harmless.
 */
export function checkArithmetic(node: ArithmeticExpression | undefined, scope: Scope, read: Reader): void {
  switch (node?.type) {
    case undefined:
      break
    case 'ArithmeticCommandExpansion':
      checkText((node.script && read.run(node.script)) ?? unknown, scope)
      break
    case 'ArithmeticBinary':
      checkArithmetic(node.right, scope, read)
      if (/(^|[^=!<>]|<<|>>)=$/.test(node.operator)) setNumber(node.left, scope)
      else checkArithmetic(node.left, scope, read)
      break
    case 'ArithmeticUnary':
      checkArithmetic(node.operand, scope, read)
      if (/^(\+\+|--)$/.test(node.operator)) setNumber(node.operand, scope)
      break
    case 'ArithmeticTernary':
      for (const one of [node.test, node.consequent, node.alternate]) checkArithmetic(one, scope, read)
      break
    case 'ArithmeticGroup':
      checkArithmetic(node.expression, scope, read)
      break
    case 'ArithmeticWord':
      checkText(node.parts ? read.ofParts(node.parts) : node.value, scope)
      break
    default:
      node satisfies never
  }
}

function setNumber(node: ArithmeticExpression, scope: Scope): void {
  if (node.type !== 'ArithmeticWord' || node.parts || isSpecial(node.value)) scope.doubt(why)
  else scope.variables.set(node.value, [number])
}

function checkText(text: string, scope: Scope): void {
  if (isNumber(text)) return
  const values = /^[A-Za-z_]\w*$/.test(text) ? (scope.variables.get(text) ?? []) : [text]
  if (!values.every(isNumber)) scope.doubt(why)
}

/** `${a[HERE]}`, `${x:HERE}`: arithmetic, as a word. */
export function checkSubscript(word: Word, scope: Scope, read: Reader): void {
  if (/^[@*]$/.test(word.value) && !word.parts) return
  checkText(read.ofWord(word), scope)
}

/** `[[ x -eq 1 ]]` is arithmetic, and `[[ -v 'a[...]' ]]` evaluates a subscript. Runs the substitutions in it. */
export function checkTest(node: TestExpression, scope: Scope, read: Reader): void {
  switch (node.type) {
    case 'TestUnary': {
      const operand = read.ofWord(node.operand)
      if (/^-[vR]$/.test(node.operator) && !/^\w+$/.test(operand)) scope.doubt(why)
      break
    }
    case 'TestBinary': {
      const sides = [node.left, node.right].map((side) => read.ofWord(side))
      if (/^-(eq|ne|lt|le|gt|ge)$/.test(node.operator)) for (const side of sides) checkText(side, scope)
      break
    }
    case 'TestLogical':
      for (const one of node.operands) checkTest(one, scope, read)
      break
    case 'TestNot':
      checkTest(node.operand, scope, read)
      break
    case 'TestGroup':
      checkTest(node.expression, scope, read)
      break
    default:
      node satisfies never
  }
}
