import type { ArithmeticExpression, TestExpression, Word } from 'unbash'
import { number, unknown } from './marks.ts'
import { isSpecial } from './names.ts'
import { expand, type RunScript, type Scope, textOfParts } from './words.ts'

const digits = new RegExp(`^[\\d\\s${number}+-]*$`)
const isNumber = (text: string): boolean => digits.test(text) || /^(0[xX][\da-fA-F]+|\d+#\w+)$/.test(text)

const why = 'arithmetic: runs what is in a text that only the shell knew'

/**
 * Bash evaluates the values of variables in arithmetic, again and again, and runs the substitutions in their subscripts:
 * `x='a[$(rm y)]'; echo $((x))` removes y. So only numbers, and variables that hold numbers, are known to be harmless.
 */
export function checkArithmetic(node: ArithmeticExpression | undefined, scope: Scope, run: RunScript): void {
  switch (node?.type) {
    case undefined:
      break
    case 'ArithmeticCommandExpansion':
      checkText((node.script && run(node.script)) ?? unknown, scope)
      break
    case 'ArithmeticBinary':
      checkArithmetic(node.right, scope, run)
      if (/(^|[^=!<>]|<<|>>)=$/.test(node.operator)) setNumber(node.left, scope)
      else checkArithmetic(node.left, scope, run)
      break
    case 'ArithmeticUnary':
      checkArithmetic(node.operand, scope, run)
      if (/^(\+\+|--)$/.test(node.operator)) setNumber(node.operand, scope)
      break
    case 'ArithmeticTernary':
      for (const one of [node.test, node.consequent, node.alternate]) checkArithmetic(one, scope, run)
      break
    case 'ArithmeticGroup':
      checkArithmetic(node.expression, scope, run)
      break
    case 'ArithmeticWord':
      checkText(node.parts ? textOfParts(node.parts, scope, run) : node.value, scope)
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
export function checkSubscript(word: Word, scope: Scope, run: RunScript): void {
  if (/^[@*]$/.test(word.value) && !word.parts) return
  checkText(expand(word, scope, run).join(' '), scope)
}

/** `[[ x -eq 1 ]]` is arithmetic, and `[[ -v 'a[...]' ]]` evaluates a subscript. Runs the substitutions in it. */
export function checkTest(node: TestExpression, scope: Scope, run: RunScript): void {
  switch (node.type) {
    case 'TestUnary': {
      const operand = expand(node.operand, scope, run).join(' ')
      if (/^-[vR]$/.test(node.operator) && !/^\w+$/.test(operand)) scope.doubt(why)
      break
    }
    case 'TestBinary': {
      const sides = [node.left, node.right].map((side) => expand(side, scope, run).join(' '))
      if (/^-(eq|ne|lt|le|gt|ge)$/.test(node.operator)) for (const side of sides) checkText(side, scope)
      break
    }
    case 'TestLogical':
      for (const one of node.operands) checkTest(one, scope, run)
      break
    case 'TestNot':
      checkTest(node.operand, scope, run)
      break
    case 'TestGroup':
      checkTest(node.expression, scope, run)
      break
    default:
      node satisfies never
  }
}
