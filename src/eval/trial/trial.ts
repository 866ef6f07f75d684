/**
 * READ SECOND (after operate.ts). One trial: a cluster comes up, a fault goes in, the operator repairs it or not, and
 * everything that is seen from outside is recorded. Judging is score.ts, from the record alone.
 *
 * Every phase is stored when it begins and when it ends, and what undoes the fault is stored before anything is
 * broken: a trial that dies leaves enough for the next run to clean up and to say where it died.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MachineLacks, messageOf } from '../../core/errors.ts'
import { type WakeUp, wakeUpSignal } from '../../core/wake-up.ts'
import type { Outcome, Phase } from '../../core/work/outcome.ts'
import type { Ticket } from '../../core/work/ticket.ts'
import { type Daemon, lastWords } from '../../daemon.ts'
import type { Cluster, NodeState } from '../../lab/contract.ts'
import { type Journal, keepJournal } from '../../lab/journal.ts'
import { type Operation, operate } from '../../operate.ts'
import { watchDatabase } from '../../store/changes.ts'
import * as store from '../../store/eval/trials.ts'
import { type OperatorDb, openOperatorDb } from '../../store/operator/open.ts'
import { makePrivateFolder } from '../../store/private.ts'
import { type History, impactAt, isHealthy, wellSince } from '../judge/oracle.ts'
import { emptyRecord, type States, type TrialRecord, type TrialSpec } from '../record.ts'
import { keepTrial } from '../report/summaries.ts'
import { keepOperatorHistory, operatorDbIn } from '../report/transcript.ts'
import { DaemonEnded, proofOfOurs } from './blame.ts'
import { dataOnDisk } from './disks.ts'
import { arm, faultLook, holdFaults, inject, revert } from './faults.ts'
import { type OperatorView, operatorView } from './operator-view.ts'
import type { TrialOptions } from './options.ts'
import { noteLane } from './seen.ts'
import { unlessLate, until } from './until.ts'
import { callWitness, type Witness } from './witness-call.ts'

/** The running parts of a trial. */
interface Stage {
  /** Rings when the witness says anything, and when anything is written to the operator's database. */
  wakeUp: WakeUp
  record: TrialRecord
  cluster: Cluster
  witness: Witness
  states: States
}

/** The operator at work on the stage, and our view of its database. */
interface Operator {
  operation: Operation
  view: OperatorView
}

/** Runs a piece of work as a phase: timed, stored, reported; what it throws is recorded as the end of the trial in this phase. */
type InPhase = <T>(phase: Phase, work: () => Promise<T>) => Promise<T>

const within = { healthyMs: 30_000, quietMs: 30_000, calmMs: 10_000, downMs: 60_000 }
/** How long damage may be in place, felt by nobody and noticed by nobody, until it counts as harmless. */
const noticeMs = 30_000
/** Poll interval for events without a notification: a time that is over, a process that ended. A poll takes a tenth of a millisecond. */
const wakeUpMs = 250
/** How long a look at the cluster from outside may take: it takes milliseconds. */
const lookMs = 15_000
/** Of each node. */
const mostLogChars = 256 * 1024
/** Longer than the load's own patience: what it could not read is part of its verdict. */
const readBackMs = 30_000

/**
 * Runs one trial to its end. One that breaks is recorded and cleaned up: it is `invalid`, or the agent's failure where it
 * had begun to act. Rethrown are only an abort, and what this machine lacks: no other trial would fare better.
 */
export async function runTrial(asked: TrialOptions): Promise<{ record: TrialRecord; outcome: Outcome }> {
  const options = { ...asked, spec: withLoad(asked) }
  const { id, db, clock, signal, folder } = options
  const record = emptyRecord(options.spec)
  let phase: Phase = 'up'
  let broken: unknown = null
  const failed = (error: unknown) => {
    broken ??= error
    const reason = messageOf(signal.aborted ? signal.reason : error)
    record.invalid ??= { phase, reason, at: clock.now(), proof: proofOfOurs(error, signal) }
  }
  const inPhase: InPhase = async (name, work) => {
    phase = name
    const startedAt = clock.now()
    record.phases[name] = { startedAt, endedAt: null }
    try {
      await store.startPhase(db, id, name, startedAt)
      options.report({ kind: 'phase', phase: name, at: startedAt })
      return await work()
    } catch (error) {
      failed(error)
      throw error
    } finally {
      const endedAt = clock.now()
      record.phases[name] = { startedAt, endedAt }
      await store.endPhase(db, id, name, endedAt)
    }
  }
  try {
    makePrivateFolder(folder)
    await noteLane(folder, options.lane)
    await using journal = await keepJournal(join(folder, 'beside.jsonl'))
    try {
      await runPhases(options, journal, record, inPhase)
    } finally {
      record.beside = await journal.entries(clock.now())
    }
  } catch (error) {
    failed(error)
  }
  await keepOperatorHistory(db, id, record, folder).catch(failed)
  const outcome = await keepTrial(db, id, { record, interrupted: signal.aborted }, clock.now())
  await rm(folder, { recursive: true, force: true })
  options.report({ kind: 'ended', record, outcome })
  signal.throwIfAborted()
  if (broken instanceof MachineLacks) throw broken
  return { record, outcome }
}

/** The record says how much was asked of the cluster: trials with another load are not alike. */
const withLoad = ({ spec, subject }: TrialOptions): TrialSpec =>
  spec.load || !subject.load ? spec : { ...spec, load: subject.load }

async function runPhases(
  options: TrialOptions,
  journal: Journal,
  record: TrialRecord,
  inPhase: InPhase,
): Promise<void> {
  // Everything that was started ends, the last started first: in the last phase, or where not even that can be stored.
  await using undo = new AsyncDisposableStack()
  try {
    const stage = await inPhase('up', () => up(options, journal, record, undo))
    const operator = await inPhase('warm', () => warm(options, stage, undo))
    const armed = await inPhase('arm', () => arm(options, record, stage.cluster, stage.witness))
    try {
      await inPhase('inject', () => inject(options, record, stage.cluster, armed))
      operator.operation.agent?.send('go')
      await using _held = holdFaults(options, record, stage.cluster, armed)
      const isBroken = faultLook(options, record, stage.cluster, armed)
      const givenUp = await inPhase('operate', () => awaitRepair(options, record, stage, operator, isBroken))
      await inPhase('settle', () => awaitCalm(options, record, stage, operator, givenUp))
      await inPhase('capture', () => capture(options, record, stage, operator, isBroken))
    } finally {
      // Where the trial broke before that was taken: what was seen until then.
      stage.states.final ??= stage.witness.state(record.injectedAt ?? 0)
      await inPhase('revert', () => revert(options, record, stage.cluster, armed))
    }
  } finally {
    await inPhase('down', () => unlessLate(undo.disposeAsync(), { ms: within.downMs, otherwise: stillThere }))
  }
}

function stillThere(): never {
  throw new Error(`the cluster did not end within ${within.downMs} ms`)
}

async function up(
  options: TrialOptions,
  journal: Journal,
  record: TrialRecord,
  undo: AsyncDisposableStack,
): Promise<Stage> {
  const { subject, spec, lab, clock, signal } = options
  if (!subject.topology) throw new Error(`${subject.name} cannot be started in a lab`)
  const cluster = undo.use(await lab.up(subject.topology(spec.size), { signal, journal: journal.path }))
  undo.defer(() => keepLogs(record, cluster))
  await store.setTrialCluster(options.db, options.id, cluster.id)
  const wakeUp = wakeUpSignal(clock)
  const witness = undo.use(await callWitness(cluster, spec, options.folder, wakeUp.notify))
  // A trial that breaks keeps what was seen until then.
  record.probes = witness.probes
  record.samples = witness.samples
  const states: States = { initial: null, broken: null, final: null, drops: witness.drops }
  record.states = states
  const isUp = async () => {
    await requireAlive({ witness: witness.daemon })
    return witness.probes.some(isHealthy)
  }
  if (!(await until(isUp, within.healthyMs, clock, signal, () => wakeUp.wait(wakeUpMs, signal))))
    throw new Error(`not healthy within ${within.healthyMs} ms: ${JSON.stringify(witness.probes.at(-1))}`)
  record.healthyAt = clock.now()
  options.report({ kind: 'healthy', cluster, at: record.healthyAt })
  return { wakeUp, record, cluster, witness, states }
}

/** Load runs, the monitor looks and finds nothing: only then does a fault tell us anything. */
async function warm(options: TrialOptions, stage: Stage, undo: AsyncDisposableStack): Promise<Operator> {
  const { subject, spec, folder, clock, signal } = options
  const { wakeUp } = stage
  stage.witness.tell('load')
  const dbPath = operatorDbIn(folder)
  const db = undo.use(openOperatorDb(dbPath))
  undo.use(watchDatabase(dbPath, wakeUp.notify))
  const operation = undo.use(
    await operate(stage.cluster, {
      dbPath,
      logDir: folder,
      intervalMs: spec.intervalMs,
      verifyMs: spec.verifyMs,
      variant: spec.variant,
      agent: spec.baseline ? null : spec.agentArgv,
      // Nobody repairs what has not been proven to be broken: such a fault would count as one that did not land.
      agentWaits: true,
    }),
  )
  const operator = { operation, view: operatorView(db) }
  const isQuiet = async () => {
    const tickets = await lookAt(options, operator, stage)
    const loaded = stage.witness.samples.some((sample) => sample.ops > 0 && sample.failed === 0)
    const planted = !subject.canaries || stage.witness.mark() !== null
    const isQuietNow = tickets.every((ticket) => ticket.state === 'resolved')
    return loaded && planted && isQuietNow && (await monitorHasLooked(db))
  }
  if (!(await until(isQuiet, within.quietMs, clock, signal, () => wakeUp.wait(wakeUpMs, signal))))
    throw new Error(`load without failures and a monitor without tickets: not within ${within.quietMs} ms`)
  await requireVisibleProcesses(stage.cluster, signal)
  stage.states.initial = stage.witness.state(0)
  return operator
}

/** A process that the lab cannot tell is never killed, and counts as dead in the end: the subject's fault, not an agent's. */
async function requireVisibleProcesses(cluster: Cluster, signal: AbortSignal): Promise<void> {
  const states = Object.entries(await statesOf(cluster, signal))
  const hidden = states.filter(([, state]) => state === 'stopped').map(([node]) => node)
  if (hidden.length > 0)
    throw new Error(
      `the subject is healthy, but the lab finds no process of ${hidden.join(', ')}: a node has to go on running, in ` +
        'the foreground, as the program and arguments (argv) of its topology, without a script around it or another title',
    )
}

async function monitorHasLooked(db: OperatorDb): Promise<boolean> {
  const monitors = await db.selectFrom('monitors').select('observed_at').execute()
  return monitors.some((monitor) => monitor.observed_at !== null)
}

/** Until the operator is done with every ticket, or it healed by itself, or time is over. True: it gave up. */
async function awaitRepair(
  options: TrialOptions,
  record: TrialRecord,
  stage: Stage,
  operator: Operator,
  isBroken: () => Promise<boolean>,
): Promise<boolean> {
  const { spec, clock } = options
  const injectedAt = record.injectedAt ?? clock.now()
  const landedAt = clock.now()
  let impactSeen = false
  for (;;) {
    const tickets = await lookAt(options, operator, stage)
    lookAtBroken(stage, landedAt, clock.now())
    const history = historyOf(stage, injectedAt)
    const impact: number | null = impactSeen ? null : impactAt(history)
    if (impact !== null) options.report({ kind: 'impact', at: impact })
    impactSeen ||= impact !== null

    const ours = tickets.filter((ticket) => ticket.openedAt >= injectedAt)
    const unresolved = ours.filter((ticket) => ticket.state !== 'resolved')
    if (ours.length > 0 && unresolved.every((ticket) => ticket.state === 'escalated'))
      return unresolved.length > 0
    const since = wellSince(history)
    const calm = since !== null && clock.now() - since >= spec.settleMs
    // A monitor that saw nothing within its own second look, while all is well, has nothing more to see; unless the
    // damage is still there, which may be felt late.
    const looked = clock.now() - injectedAt > 3 * spec.intervalMs
    const late = clock.now() - injectedAt >= noticeMs
    if (ours.length === 0 && calm && looked && (late || !(await isBroken()))) return false
    record.timedOut = clock.now() - injectedAt >= spec.timeoutMs
    if (record.timedOut) return true
    await stage.wakeUp.wait(wakeUpMs, options.signal)
  }
}

function lookAtBroken({ states, witness }: Stage, since: number, now: number): void {
  if (states.broken) return
  states.broken = witness.state(since)
  states.brokenAt = now
}

/** The oracle's last word: recovery has to last. What was given up while broken is not waited for. */
async function awaitCalm(
  options: TrialOptions,
  record: TrialRecord,
  stage: Stage,
  operator: Operator,
  givenUp: boolean,
): Promise<void> {
  const { spec, clock } = options
  const patienceUntil = clock.now() + spec.settleMs + (givenUp ? 0 : within.calmMs)
  for (;;) {
    await lookAt(options, operator, stage)
    const since = wellSince(historyOf(stage, record.injectedAt ?? 0))
    const until = stage.witness.probes.at(-1)?.at ?? 0
    if (since !== null && until - since >= spec.settleMs) return
    if (clock.now() >= patienceUntil || (givenUp && since === null)) return
    await stage.wakeUp.wait(wakeUpMs, options.signal)
  }
}

async function capture(
  options: TrialOptions,
  record: TrialRecord,
  { wakeUp, witness, cluster, states }: Stage,
  { operation }: Operator,
  isBroken: (now: 'now') => Promise<boolean>,
): Promise<void> {
  const { clock, signal } = options
  // The oracle has spoken: what our own clearing up does to the cluster is no part of the trial any more.
  record.probes = [...witness.probes]
  record.samples = [...witness.samples]
  states.final = witness.state(record.injectedAt ?? 0)
  states.drops = [...witness.drops]
  record.nodeStates = await statesOf(cluster, signal)
  witness.tell('stop')
  const answered = async () => witness.verdict() !== undefined || witness.daemon.hasEnded()
  const [heard] = await Promise.all([
    until(answered, readBackMs, clock, signal, () => wakeUp.wait(wakeUpMs, signal)),
    operation[Symbol.asyncDispose](),
    keepLogs(record, cluster),
  ])
  const verdict = witness.verdict()
  if (verdict === undefined && heard) throw await endOf('witness', witness.daemon)
  if (verdict === undefined)
    throw new Error(`the witness did not read everything back within ${readBackMs} ms`)
  record.workload = verdict
  record.canaries = witness.canaries()
  const mark = witness.mark()
  if (mark !== null) record.dataOnDisk = await dataOnDisk(cluster, options.subject, mark)
  // Nobody works any more who could see us look.
  await isBroken('now')
}

async function statesOf(cluster: Cluster, signal: AbortSignal): Promise<Record<string, NodeState>> {
  const seen = cluster.nodes.map(async ({ name }) => [name, await cluster.state(name)] as const)
  const otherwise = () => {
    throw new Error(`no word within ${lookMs} ms of which nodes run`)
  }
  return Object.fromEntries(await unlessLate(Promise.all(seen), { ms: lookMs, signal, otherwise }))
}

/** The last lines of every node, also of a cluster that never became healthy. */
async function keepLogs(record: TrialRecord, cluster: Cluster): Promise<void> {
  const missing = cluster.nodes.filter(({ name }) => record.logs[name] === undefined)
  const read = missing.map(async ({ name }) => {
    const read = cluster.logs(name, 200).catch((error) => `cannot be read: ${messageOf(error)}`)
    const text = await unlessLate(read, { ms: lookMs, otherwise: () => 'cannot be read in time' })
    record.logs[name] = text.slice(-mostLogChars)
  })
  await Promise.all(read)
}

const historyOf = ({ witness }: Stage, injectedAt: number): History => ({
  probes: witness.probes,
  samples: witness.samples,
  injectedAt,
})

/** Reports what the operator did since the last look, and returns the tickets as they are. */
async function lookAt(options: TrialOptions, operator: Operator, stage: Stage): Promise<Ticket[]> {
  const { monitor, agent } = operator.operation
  await requireAlive({ monitor, agent, witness: stage.witness.daemon })
  const { tickets, changes } = await operator.view.read()
  for (const change of changes) {
    // Not only once all is over: whether it had begun to act decides whose failure a failure is.
    if (change.kind === 'entry' && change.entry.kind === 'tool_call')
      stage.record.firstCommandAt ??= change.entry.at
    options.report(change)
  }
  return tickets
}

/** An operator or witness that died ends the trial. */
async function requireAlive(daemons: Record<string, Daemon | null>): Promise<void> {
  for (const [name, daemon] of Object.entries(daemons)) {
    if (daemon?.hasEnded()) throw await endOf(name, daemon)
  }
}

const endOf = async (name: string, daemon: Daemon): Promise<Error> =>
  new DaemonEnded(`the ${name} ended on its own: ${await lastWords(daemon)}`, daemon)
