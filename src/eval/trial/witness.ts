import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Clock } from '../../core/clock.ts'
import { Interrupted, messageOf } from '../../core/errors.ts'
import { violationKey, wholeCluster } from '../../core/watch/invariant.ts'
import type {
  Canaries,
  CanaryVerdict,
  Fact,
  Observation,
  Subject,
  Workload,
  WorkloadOptions,
  WorkloadSample,
  WorkloadVerdict,
} from '../../core/watch/subject.ts'
import type { Endpoints } from '../../core/watch/topology.ts'
import type { Probe } from '../record.ts'

/** Messages of the witness, one JSON document in each line. */
export type WitnessMessage =
  | ({ kind: 'probe'; facts: Fact[] } & Probe)
  | ({ kind: 'sample' } & WorkloadSample)
  /** The canaries are there; `mark`, in base64, stands in files that hold them. */
  | { kind: 'planted'; mark: string }
  | { kind: 'verdict'; verdict: WorkloadVerdict | null; canaries: CanaryVerdict | null }

/** Instructions to the witness, one word in each line. */
export type Instruction = 'load' | 'stop'

const probeEveryMs = 250
/** While a cluster comes up, its start is timed: look often. */
const probeEveryAtFirstMs = 50
/** As often as a monitor reads them. They are most of the cost of an observation, and tell nothing new of a healthy cluster. */
const metricsEveryMs = 1_000

export interface WitnessOptions {
  subject: Subject
  endpoints: Endpoints
  load: WorkloadOptions
  /** Instructions; its end ends the witness. */
  input: Readable
  say(message: WitnessMessage): void
  /** Reports something unexpected to a person. */
  complain(message: string): void
  clock: Clock
  signal: AbortSignal
}

/**
 * The oracle's own eyes and load, in a process that stands in the cluster's network and that nothing inside the
 * cluster can see: it probes from the start, plants canaries and loads when told to, and reads everything back when told to stop.
 */
export async function runWitness(options: WitnessOptions): Promise<void> {
  const { subject, endpoints, clock, say } = options
  await using undo = new AsyncDisposableStack()
  const done = new AbortController()
  // At once, and not only between two instructions: reading back can take long when nobody answers any more.
  options.input.once('end', () => done.abort(new Interrupted('its owner is gone')))
  const signal = AbortSignal.any([options.signal, done.signal])
  const connection = undo.use(subject.connect(endpoints, { metricsEveryMs }))
  let workload: Workload | null = null
  let canaries: Canaries | null = null
  const probing = (async () => {
    while (!signal.aborted) {
      const at = clock.now()
      try {
        const observation = await connection.observe(signal)
        const facts = subject.facts?.(observation) ?? []
        say({ kind: 'probe', ...probeOf(subject, observation, clock.now()), facts })
      } catch (error) {
        signal.throwIfAborted()
        // Answers may be whatever somebody inside wants: one that cannot be judged ends nothing, and is not health.
        options.complain(messageOf(error).slice(0, 500))
        say({ kind: 'probe', at, until: clock.now(), healthy: {}, roles: {}, violated: [], facts: [] })
      }
      await clock.sleep(workload ? probeEveryMs : probeEveryAtFirstMs, signal)
    }
  })().catch((error) => {
    if (!signal.aborted) throw error
  })
  undo.defer(() => probing)
  undo.defer(() => done.abort())

  for await (const line of createInterface({ input: options.input, signal })) {
    if (line === 'load' && subject.workload) {
      workload = undo.use(subject.workload(endpoints, options.load))
      workload.onSample((sample) => say({ kind: 'sample', ...sample }))
    }
    if (line === 'load' && subject.canaries) {
      canaries = undo.use(subject.canaries(endpoints))
      await canaries.plant(signal)
      say({ kind: 'planted', mark: canaries.mark?.toString('base64') ?? '' })
    }
    if (line === 'stop') {
      const [verdict = null, kept = null] = await Promise.all([
        workload?.stop(signal),
        canaries?.check(signal),
      ])
      say({ kind: 'verdict', verdict, canaries: kept })
      return
    }
  }
}

function probeOf<O extends Observation>(subject: Subject<O>, observation: O, until: number): Probe {
  const nodes = Object.entries(observation.nodes)
  const places = [wholeCluster, ...nodes.map(([name]) => name)]
  const critical = subject.invariants.filter((invariant) => invariant.severity === 'critical')
  return {
    at: observation.at,
    until,
    healthy: Object.fromEntries(nodes.map(([name, view]) => [name, view.healthy])),
    roles: Object.fromEntries(nodes.map(([name, view]) => [name, view.role ?? null])),
    violated: critical.flatMap((invariant) =>
      places
        .filter((place) => (invariant.scope === 'cluster') === (place === wholeCluster))
        .filter((place) => invariant.check(observation, place).kind === 'violated')
        .map((place) => violationKey(subject.name, invariant.name, place)),
    ),
  }
}
