import { parser } from '@prometheus-io/lezer-promql'

export interface Expression {
  /** Names of the metrics that it selects, without those whose absence is what it looks for. */
  metrics: string[]
  /** It also selects by a pattern of names, or none: whether such metrics exist cannot be told from here. */
  isOpen: boolean
  /** It selects nothing at all: its result is always the same. */
  isConstant: boolean
  /** It selects the absence of something: that nothing is there is no reason to distrust it. */
  asksForAbsence: boolean
}

/** Reads the metrics of an expression; null: it is no PromQL, as far as this parser knows it. */
export function readExpression(text: string): Expression | null {
  const metrics = new Set<string>()
  let [isOpen, asksForAbsence, isConstant, isBroken] = [false, false, true, false]
  /** How many calls of `absent` stand around. */
  let absent = 0
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) isBroken = true
      if (node.name === 'FunctionCall' && /^absent(_over_time)?\s*\(/.test(text.slice(node.from, node.to))) {
        absent++
        asksForAbsence = true
      }
      if (node.name !== 'VectorSelector') return
      isConstant = false
      if (absent > 0) return
      const name = metricIn(text.slice(node.from, node.to))
      if (name === null) isOpen = true
      else metrics.add(name)
    },
    leave: (node) => {
      if (node.name === 'FunctionCall' && /^absent(_over_time)?\s*\(/.test(text.slice(node.from, node.to)))
        absent--
    },
  })
  return isBroken ? null : { metrics: [...metrics], isOpen, isConstant, asksForAbsence }
}

/** More than any Prometheus has rules. The limit keeps the memory small when rules change all the time. */
const mostKept = 10_000

/** Like `readExpression`, with a memory, since every observation reads the same expressions. */
export function expressionMemory(): typeof readExpression {
  const read = new Map<string, Expression | null>()
  return (text) => {
    const known = read.get(text)
    if (known !== undefined) return known
    if (read.size >= mostKept) read.clear()
    const expression = readExpression(text)
    read.set(text, expression)
    return expression
  }
}

/** `name{...}`, `{__name__="name"}` or `{"name"}`; null: a pattern, or no name at all. */
function metricIn(selector: string): string | null {
  const plain = /^[a-zA-Z_:][\w:]*/.exec(selector)?.[0]
  if (plain) return plain
  return (
    /[{,]\s*"([^"\\]+)"\s*[,}]/.exec(selector)?.[1] ??
    /__name__\s*=\s*(["'])([^"'\\]+)\1/.exec(selector)?.[2] ??
    null
  )
}
