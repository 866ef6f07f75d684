import { BadInput } from '../../core/errors.ts'
import { wholeCluster } from '../../core/watch/invariant.ts'
import type { Observation, Subject, WatchSettings } from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import { unobservable } from '../../monitor/check.ts'
import type { ObserveOptions } from '../../monitor/monitor.ts'
import { subjectNamed } from '../../subjects/subjects.ts'
import { type AccessOptions, accessOf } from '../options/access.ts'
import { type Address, type NodeOptions, parseEndpoints, withPaths } from '../options/common.ts'
import type { Io } from '../terminal/io.ts'

/** What to watch, and how, as options of a command line or keys of a file. */
export interface WatchOptions extends NodeOptions, AccessOptions {
  subject?: string
  endpoints?: Endpoints
  cluster?: string
  interval: number
  grace: Record<string, number>
  skip: string[]
  rules?: string[]
  match?: string
  nodeLabel?: string
  alertmanager?: string
  alertmanagerListen?: Address
  alertmanagerRepeat?: number
  receiverTokenFile?: string
  receiverUserFile?: string
  variant?: string
  attempts: number
}

export interface RunOptions extends WatchOptions {
  lab?: string
  once?: boolean
  withParent?: boolean
  db: string
  json?: boolean
}

/** An Alertmanager has its own options, since one that only sends notifications has no endpoint. */
export function placeIn({ subject, endpoints, alertmanager, alertmanagerListen }: WatchOptions) {
  if (alertmanager === undefined && alertmanagerListen === undefined) return { subject, endpoints }
  if (subject !== undefined && subject !== 'alertmanager')
    throw new BadInput(
      `--alertmanager and --alertmanager-listen already choose the subject; start a second monitor to watch ${subject}`,
    )
  const given: Endpoints = alertmanager === undefined ? {} : parseEndpoints(`alertmanager=${alertmanager}`)
  return { subject: 'alertmanager', endpoints: { ...endpoints, ...given } }
}

/** The cluster to observe, and the settings of its checks. */
export function placeOf(
  options: WatchOptions,
  subjectName: string,
  given: Endpoints,
  { clock, signal }: Pick<Io, 'clock' | 'signal'>,
): ObserveOptions<Observation> {
  const subject = subjectNamed(subjectName)
  const known = [...subject.invariants.map((invariant) => invariant.name), unobservable]
  const watch = watchOf(options, subject)
  // Alerts have names that are known only at run time.
  const isStrange = (name: string) => !known.includes(name) && !subject.alerts
  const stranger = Object.keys(options.grace).find(isStrange)
  if (stranger !== undefined)
    throw new BadInput(`--grace: no invariant '${stranger}'; known: ${known.join(', ')}`)
  for (const skipped of options.skip) {
    const [invariant = '', node] = skipped.split('/')
    if (isStrange(invariant))
      throw new BadInput(`--skip: no invariant '${invariant}'; known: ${known.join(', ')}`)
    const places = [...Object.keys(given), wholeCluster]
    if (node !== undefined && !places.includes(node) && !subject.alerts)
      throw new BadInput(`--skip: no node '${node}'; known: ${places.join(', ')}`)
  }
  return {
    subject,
    endpoints: withPaths(given, options),
    access: accessOf(options, given),
    settings: { graces: options.grace, skipped: new Set(options.skip), watch },
    clock,
    signal,
  }
}

/** @throws BadInput for an option that has no effect on this subject. */
function watchOf(
  { rules, match, nodeLabel, alertmanagerRepeat }: WatchOptions,
  { name, alerts }: Subject,
): WatchSettings {
  const given = { rules, match, nodeLabel }
  const options = { rules: '--rules', match: '--match', nodeLabel: '--node-label' } as const
  for (const key of ['rules', 'match', 'nodeLabel'] as const)
    if (given[key] !== undefined && !alerts)
      throw new BadInput(
        `${options[key]} is for alerts, and ${name} has invariants of its own; use --subject prometheus`,
      )
  return {
    ...(rules && { rules }),
    ...(match !== undefined && { match }),
    ...(nodeLabel !== undefined && { nodeLabel }),
    ...(alertmanagerRepeat !== undefined && { repeatMs: alertmanagerRepeat }),
  }
}
