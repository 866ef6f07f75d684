import type { Severity, Verdict } from './invariant.ts'

/**
 * A check that is known only once somebody else was asked: an alert, for one set of labels. Its life is that of any check:
 * a grace, a ticket, a verdict at each look.
 */
export interface AlertCheck {
  /** The rule's name. */
  name: string
  /** With the name: its identity. Never its message or value. */
  labels: Readonly<Record<string, string>>
  /** What it is said of; `wholeCluster` where no label names a node. */
  node: string
  severity: Severity
  graceMs: number
  keepFiringMs: number
  verdict: Verdict
}

/** What identifies an alert that is followed: each of them needs a verdict at every look, or it stays as it is. */
export type AlertId = Pick<AlertCheck, 'name' | 'labels'>

/** `prometheus/HighLatency/{"instance":"a:9100","job":"api"}`. Two alerts of one key are one alert. */
export function alertKey(subject: string, { name, labels }: AlertId): string {
  const sorted = Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return `${prefixOf(subject)}${name.replaceAll('%', '%25').replaceAll('/', '%2F')}/${JSON.stringify(sorted)}`
}

/** null: it is no key of an alert of this subject. */
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
    return null // an invariant whose name only looks like it
  }
}

const prefixOf = (subject: string): string => `${subject}/`

/** Any name may be one, such as `__proto__`, which copying validators leave out. */
export const isLabels = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string')
