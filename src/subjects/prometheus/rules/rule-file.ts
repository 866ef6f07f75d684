import { globSync } from 'node:fs'
import { z } from 'zod'
import { BadInput } from '../../../core/errors.ts'
import { placeIn, readYaml } from '../../../yaml.ts'
import { durationMs } from './duration.ts'
import { readExpression } from './promql.ts'
import type { Rule } from './rule.ts'

const duration = z.union([z.string(), z.number().transform(String)]).transform((text, context) => {
  const ms = durationMs(text)
  if (ms !== null) return ms
  context.addIssue({ code: 'custom', message: `'${text}' is no duration; allowed: 30s, 5m, 1h30m` })
  return z.NEVER
})

const texts = z.record(z.string(), z.coerce.string()).nullish()
// Rules come from many versions and tools: keys that are not used here are for promtool to check.
const rule = z
  .looseObject({
    alert: z.string().min(1).optional(),
    record: z.string().min(1).optional(),
    expr: z.union([z.string(), z.number().transform(String)]),
    for: duration.nullish(),
    keep_firing_for: duration.nullish(),
    labels: texts,
    annotations: texts,
  })
  .superRefine(({ alert, record }, context) => {
    if ((alert === undefined) === (record === undefined))
      context.addIssue({ code: 'custom', message: "a rule has either 'alert' or 'record'" })
  })
const groups = z.array(z.looseObject({ name: z.string(), rules: z.array(rule).nullish() })).nullish()
/** A file of Prometheus itself, or a `PrometheusRule` of Kubernetes. */
const schema = z
  .looseObject({ groups, kind: z.string().optional(), spec: z.looseObject({ groups }).optional() })
  .superRefine(({ groups: plain, spec, kind }, context) => {
    if (plain === undefined && spec?.groups === undefined)
      context.addIssue({
        code: 'custom',
        message: `no rules${kind ? ` in a ${kind}` : ''}: allowed are 'groups:', or a PrometheusRule with 'spec: groups:'`,
      })
  })

/**
 * The alerting rules of files, in the order of their names. Recording rules are none of ours: Prometheus has them, or the rules
 * that need them are dead.
 * @param patterns files, or globs; each has to find something.
 * @throws BadInput naming file, line, group and rule.
 */
export function readRules(patterns: readonly string[]): Rule[] {
  const files = patterns.flatMap((pattern) => {
    const found = /[*?[{]/.test(pattern) ? globSync(pattern).sort() : [pattern]
    if (found.length === 0) throw new BadInput(`--rules ${pattern}: no file is like that`)
    return found
  })
  return [...new Set(files)].flatMap(rulesOf)
}

function rulesOf(path: string): Rule[] {
  const { groups: plain, spec } = readYaml(path, schema)
  const above = plain === undefined ? ['spec', 'groups'] : ['groups']
  return (plain ?? spec?.groups ?? []).flatMap(({ name: group, rules }, g) =>
    (rules ?? []).flatMap(({ alert: name, expr, labels, annotations, ...times }, r): Rule[] => {
      if (name === undefined) return []
      if (readExpression(expr) === null)
        throw new BadInput(
          `${placeIn(path, [...above, g, 'rules', r, 'expr'])}: rule '${name}' of group '${group}' is no PromQL, as far as it can be read here: ${expr.trim().slice(0, 200)}`,
        )
      return [
        {
          name,
          expr: expr.trim(),
          forMs: times.for ?? 0,
          keepFiringMs: times.keep_firing_for ?? 0,
          labels: labels ?? {},
          annotations: annotations ?? {},
          place: `${path}: ${group}`,
        },
      ]
    }),
  )
}
