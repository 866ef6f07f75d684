import type { Severity, Verdict } from './invariant.ts'

/**
 * A check that is known only at run time: an alert of another system, for one set of labels. It is handled like every other
 * check: a grace, a ticket, a verdict at each observation.
 */
export interface AlertCheck {
  /** The rule's name. */
  name: string
  /** The labels; together with the name they are the alert's identity. Message and value are not part of it. */
  labels: Readonly<Record<string, string>>
  /** The node that the alert is about; `wholeCluster` where no label names a node. */
  node: string
  severity: Severity
  graceMs: number
  keepFiringMs: number
  verdict: Verdict
}

/** Identifies an alert that is followed. Each needs a verdict at every observation, or it stays as it is. */
export type AlertId = Pick<AlertCheck, 'name' | 'labels'>

/** `prometheus/HighLatency/{"instance":"a:9100","job":"api"}`. Two alerts with one key are the same alert. */
export function alertKey(subject: string, { name, labels }: AlertId): string {
  const sorted = Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return `${prefixOf(subject)}${name.replaceAll('%', '%25').replaceAll('/', '%2F')}/${JSON.stringify(sorted)}`
}

/** null: the key is not that of an alert of this subject. */
export function alertOf(subject: string, key: string): AlertId | null {
  if (!key.startsWith(prefixOf(subject))) return null
  const rest = key.slice(prefixOf(subject).length)
  const at = rest.indexOf('/{')
  if (at < 0) return null
  try {
    const labels: unknown = JSON.parse(rest.slice(at + 1))
    return isLabels(labels)
      ? { name: rest.slice(0, at).replaceAll('%2F', '/').replaceAll('%25', '%'), labels }
      : null
  } catch {
    return null // an invariant whose name only looks like an alert's
  }
}

const prefixOf = (subject: string): string => `${subject}/`

/** Any label name is allowed, also `__proto__`, which copying validators leave out. */
export const isLabels = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string')
