import { BadInput } from '../../core/errors.ts'
import type { Labels } from './observation.ts'

type Matcher = (labels: Labels) => boolean

const one = /\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y

/**
 * `severity=~"critical|page",team!="web"`, with or without braces, as Prometheus and Alertmanager have them: regular expressions
 * match the whole value, and a label that is not there is empty. All must hold.
 * @throws BadInput saying what is allowed.
 */
export function matchersOf(text: string): Matcher {
  const inner = text
    .trim()
    .replace(/^\{(.*)\}$/s, '$1')
    .trim()
  const all: Matcher[] = []
  one.lastIndex = 0
  let end = 0
  for (let match = one.exec(inner); match; match = one.exec(inner)) {
    const [, name = '', sign = '', quoted = ''] = match
    all.push(
      matcherOf(
        text,
        name,
        sign,
        quoted.replaceAll(/\\(["\\n])/g, (_, one) => (one === 'n' ? '\n' : one)),
      ),
    )
    end = one.lastIndex
  }
  if (all.length === 0 || end < inner.length)
    throw new BadInput(`--match: '${text}' is none; allowed: severity=~"critical|warning",team!="web"`)
  return (labels) => all.every((holds) => holds(labels))
}

function matcherOf(text: string, name: string, sign: string, value: string): Matcher {
  const valueIn = (labels: Labels) => (Object.hasOwn(labels, name) ? labels[name] : undefined) ?? ''
  if (sign === '=') return (labels) => valueIn(labels) === value
  if (sign === '!=') return (labels) => valueIn(labels) !== value
  let pattern: RegExp
  try {
    pattern = new RegExp(`^(?:${value})$`, 's')
  } catch {
    throw new BadInput(`--match: '${text}': "${value}" is no regular expression`)
  }
  return sign === '=~'
    ? (labels) => pattern.test(valueIn(labels))
    : (labels) => !pattern.test(valueIn(labels))
}
