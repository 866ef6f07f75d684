import Builder from 'fast-xml-builder'
import { inert } from '../../core/text.ts'
import { eachLine, type Line } from '../report/summaries.ts'
import { whyOf } from '../report/why.ts'
import { figuresOf } from './figures.ts'
import type { Source } from './source.ts'

/** `@name` is an attribute, `#` the text. */
const xml = new Builder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  textNodeName: '#',
  format: true,
  suppressEmptyNode: true,
})

/** Result of a trial for a CI system. */
type Verdict = { kind: 'passed' } | { kind: 'failure' | 'skipped'; message: string }

/**
 * `skipped`: invalid trials (our own failures), baselines (no agent worked) and trials that have not run. So a build is red
 * only for what an agent did.
 */
function verdictOf({ outcome, state, spec }: Line): Verdict {
  if (!outcome) return { kind: 'skipped', message: state }
  const why = whyOf(outcome)
  const message = why === '' ? outcome.kind : `${outcome.kind}: ${why}`
  if (spec.baseline) return { kind: 'skipped', message: `no agent: ${message}` }
  switch (outcome.kind) {
    case 'resolved':
    case 'self_healed':
    case 'unaffected':
      return { kind: 'passed' }
    case 'false_claim':
    case 'unresolved':
    case 'harmful':
    case 'false_alarm':
      return { kind: 'failure', message }
    case 'invalid':
      return { kind: 'skipped', message }
    default:
      return outcome satisfies never
  }
}

/** JUnit XML by Jenkins' schema: one suite for the campaign, one case for each trial. */
export async function* junit({ db, which, campaign }: Source): AsyncGenerator<string> {
  const total = { tests: 0, failures: 0, skipped: 0, ms: 0 }
  for await (const line of eachLine(db, which)) {
    const { kind } = verdictOf(line)
    total.tests += 1
    total.failures += Number(kind === 'failure')
    total.skipped += Number(kind === 'skipped')
    total.ms += durationOf(line)
  }
  const { tests, failures, skipped, ms } = total
  const head = {
    '@name': clean(`${campaign.id} ${campaign.name}`),
    '@tests': tests,
    '@failures': failures,
    '@errors': 0,
    '@time': seconds(ms),
  }
  yield '<?xml version="1.0" encoding="UTF-8"?>\n'
  yield opening('testsuites', head)
  yield opening('testsuite', { ...head, '@skipped': skipped, '@timestamp': campaign.started.slice(0, 19) })
  yield xml.build({ properties: { property: [{ '@name': 'seed', '@value': campaign.seed }] } })
  for await (const line of eachLine(db, which)) yield testCase(line)
  yield '</testsuite>\n</testsuites>\n'
}

/** CI systems group cases by this name, and show the parts between dots as folders. */
const classOf = ({ spec, summary }: Line): string => {
  const chaos = summary?.chaos ?? spec.faults.map(({ chaosType }) => chaosType).join('+')
  return clean(`${spec.subject}.${chaos}.${spec.baseline ? 'baseline' : spec.variant.name}`)
}

function testCase(line: Line): string {
  const verdict = verdictOf(line)
  const figures = Object.entries(figuresOf(line)).filter(([, value]) => value !== null)
  return xml.build({
    testcase: {
      '@name': clean(`t${line.id} seed ${line.spec.seed}${line.summary ? ` on ${line.summary.target}` : ''}`),
      '@classname': classOf(line),
      '@time': seconds(durationOf(line)),
      ...(verdict.kind !== 'passed' && {
        [verdict.kind]: {
          '@type': line.outcome?.kind ?? line.state,
          '@message': clean(verdict.message),
          '#': clean(verdict.message),
        },
      }),
      'system-out': clean(figures.map(([name, value]) => `${name}: ${value}`).join('\n')),
    },
  })
}

/** The start tag alone: its content follows as it is read. */
const opening = (name: string, attributes: Record<string, string | number>): string =>
  xml.build({ [name]: attributes }).replace(/\s*\/>\s*$/, '>\n')

const durationOf = ({ startedAt, endedAt }: Line): number =>
  startedAt === null || endedAt === null ? 0 : endedAt - startedAt

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

/** XML 1.0 cannot contain most control characters, lone surrogates, U+FFFE and U+FFFF. */
const clean = (text: string): string =>
  inert(text)
    .toWellFormed()
    .replace(/[\ufffe\uffff]/g, '\ufffd')
