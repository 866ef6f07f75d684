import type { ChaosType, Fault } from '../../chaos/chaos-type.ts'
import { chaosTypes } from '../../chaos/faults.ts'
import { targetsOf } from '../../chaos/target.ts'
import type { Claim } from '../../core/work/claim.ts'
import type { Session } from '../../store/operator/sessions.ts'
import type { TrialRecord } from '../record.ts'
import { recoveryOf } from './score.ts'

/** How a claim's diagnosis compares with the truth; `unclaimed`: nothing was said of it. */
export type Diagnosis = 'right' | 'wrong' | 'unclaimed'

/** Whether a trial's claim names the right node and the right cause; null: no agent worked. */
export function diagnosisOf(record: TrialRecord): { component: Diagnosis; cause: Diagnosis } | null {
  if (record.sessions.length === 0) return null
  const claim = claimOf(record)
  if (!claim) return { component: 'unclaimed', cause: 'unclaimed' }
  const nodes = Object.keys(record.probes.at(-1)?.healthy ?? {})
  return {
    component: componentOf(claim.component, record.faults, nodes),
    cause: causeOf(claim.rootCause, record.faults),
  }
}

/**
 * The last of the sessions that began before all was well: what an earlier attempt thought was given up by the later one,
 * but whoever is called when it is over, for what had not yet cleared, finds nothing. Where all came later, the last.
 */
export function claimOf(record: TrialRecord): Claim | null {
  const recovered = recoveryOf(record) ?? Number.POSITIVE_INFINITY
  const said = record.sessions.filter(isClaimed)
  return (said.findLast(({ startedAt }) => startedAt < recovered) ?? said.at(-1))?.claim ?? null
}

/** Said by the agent. A session that a limit ended has our words in the place of a claim; older records do not mark them. */
const isClaimed = ({ claim, reason }: Session): boolean =>
  claim !== null && !claim.unclaimed && reason === null

/** Exactly the nodes that were broken; of a link, the node at its other end may be named as well. */
export function componentOf(
  component: string | undefined,
  faults: readonly Fault[],
  nodes: readonly string[],
): Diagnosis {
  const real = faults.filter(({ chaosType }) => !chaosTypes[chaosType]?.harmless)
  const text = component?.trim() ?? ''
  if (real.length === 0) return nowhere.test(text) ? 'right' : 'wrong'
  if (text === '') return 'unclaimed'
  const named = nodes.filter((node) =>
    new RegExp(`(?<![\\w-])${RegExp.escape(node)}(?![\\w-])`, 'i').test(text),
  )
  const single = real.filter(({ chaosType }) => !chaosTypes[chaosType]?.clusterWide)
  if (single.length === 0) {
    const all = named.length === nodes.length || (named.length === 0 && everywhere.test(text))
    return all ? 'right' : 'wrong'
  }
  const must = single.flatMap(targetsOf)
  const may = [...must, ...single.flatMap(otherEnds)]
  const right = must.every((node) => named.includes(node)) && named.every((node) => may.includes(node))
  return right ? 'right' : 'wrong'
}

const nowhere = /^(|-|none|nothing|no ?(where|body|component)|n\/?a|null)$/i
const everywhere = /\b(cluster|etcd|all|every|each|members|database|db|backend|quota|keyspace|storage)\b/i

function otherEnds({ params, undo }: Fault): string[] {
  const away = params.mode === 'pairs' && Array.isArray(undo.away) ? undo.away : []
  return [params.peer, ...away].filter((node) => typeof node === 'string')
}

/**
 * By the words that each chaos type accepts. A claim that names other causes besides is no diagnosis but a list: two that
 * have nothing to do with it, or one where it does not even decide, make it wrong.
 */
export function causeOf(rootCause: string, faults: readonly Fault[]): Diagnosis {
  const types = faults.flatMap(({ chaosType }) => chaosTypes[chaosType] ?? [])
  const real = types.filter(({ harmless }) => !harmless)
  const wanted = real.length > 0 ? real : types
  const named = Object.values(chaosTypes).filter((type) =>
    type.causes.some((words) => asserts(rootCause, words)),
  )
  const others = named.filter((type) => !wanted.some((right) => goesWith(type, right)))
  const tolerated = real.length === 0 || undecided.test(rootCause) ? 0 : 1
  const isRight = (type: ChaosType) =>
    named.includes(type)
      ? others.length <= tolerated
      : others.length === 0 && describesSymptom(type, rootCause)
  if (wanted.length > 0 && wanted.every(isRight)) return 'right'
  return named.length === 0 && ignorance.test(rootCause) ? 'unclaimed' : 'wrong'
}

/** Whether a claim may name `type` where `right` is what it was. That all is well is said at the end of any repair. */
const goesWith = (type: ChaosType, right: ChaosType): boolean =>
  type === right || type.harmless === true || right.alsoNamed?.includes(type.name) === true

const describesSymptom = ({ symptoms = [] }: ChaosType, text: string): boolean =>
  symptoms.some((words) => asserts(text, words))

const undecided = /\b(either|maybe|perhaps|possibly|probably|could|might|one of|any of|or)\b/i
const ignorance =
  /^\W*$|\b(unknown|unclear|no idea|not known|inconclusive|undetermined)\b|(could|can|did) ?not (be )?(say|tell|determin|find|identif|establish)|(couldn|can|didn)'t (say|tell|determine|find|identify)|no answer|ended by|nobody looked/i

/** Said of it, and not denied: `not a full disk` names no full disk. Words that deny by themselves count as they stand. */
function asserts(text: string, words: RegExp): boolean {
  const everyMatch = text.matchAll(new RegExp(words.source, 'gi'))
  return [...everyMatch].some(({ index }) => !denial.test(clauseBefore(text, index)))
}

const denial =
  /\b(not?|never|without|neither|nor|none|cannot|(is|was|are|were|do|does|did|has|have)n['’]?t|rather than|instead of|unlike|rul(ed|es|ing) out|excluded?|unrelated to|nothing to do with)\b/i

/** From the last mark or contrast before a place up to it. */
const clauseBefore = (text: string, index: number): string =>
  text
    .slice(0, index)
    .split(/[.;:!?\n()]|,(?! (?:nor|or|and) )|\b(?:but|because|since|so|while|although|though)\b/i)
    .at(-1) ?? ''
