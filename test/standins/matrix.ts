import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { ChaosType } from '../../src/chaos/chaos-type.ts'
import { chaosTypes } from '../../src/chaos/faults.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Outcome } from '../../src/core/work/outcome.ts'
import type { Variant } from '../../src/core/work/variant.ts'
import { run } from '../../src/eval/campaign/run.ts'
import type { TrialRecord, TrialSpec } from '../../src/eval/record.ts'
import { netns } from '../../src/lab/netns/netns.ts'
import type { Entry } from '../../src/store/audit/audit.ts'
import { listTrials, openEvalDb, transcript } from '../../src/store/eval/trials.ts'
import { etcd } from '../../src/subjects/etcd/subject.ts'
import { tikv } from '../../src/subjects/tikv/subject.ts'

const root = join(import.meta.dirname, '../..')

/** The kinds of people who work on a trial, by what they do. */
export type Behaviour =
  | 'has nothing to do'
  | 'does nothing'
  | 'repairs'
  | 'claims'
  | 'waits'
  | 'half repairs'
  | 'removes'
  | 'destroys'
  | 'impersonates'
  | 'blinds'
  | 'attacks'
  | 'searches'

/** What decides a cell: a question of docs/oracles.md, or a way in which somebody inside might disturb the oracle. */
export type Rule =
  | 'every node serves'
  | 'it lasts'
  | 'acknowledged writes'
  | 'planted data'
  | 'data on disk'
  | 'the data of every member'
  | 'the same cluster'
  | 'the revision'
  | 'processes'
  | 'the load'
  | 'the fault is gone'
  | 'the monitor confirms'
  | 'something was changed'
  | 'what is not seen is not well'
  | 'hostile files'
  | 'hostile answers'
  | 'hostile programs'
  | 'nobody inside sees'
  | 'past the shell'
  | 'nothing was broken'

/** Who works on one kind of damage, and what the oracle must say to it. */
export interface Cell {
  /** What is done; the cells of a table are known by it and their damage. */
  who: string
  behaviour: Behaviour
  rule: Rule
  /** etcd where nothing is said. */
  subject?: 'etcd' | 'tikv'
  chaos: string
  params?: Record<string, unknown>
  /** Commands that run inside, and a claim that all is well. Empty: the claim alone. undefined: nothing at all is done. */
  script?: string
  /** What is done before that on this host, by the program itself: `$cluster` is the cluster's id. */
  program?: string
  /** `fixed` where nothing is said. */
  claims?: 'fixed' | 'not_fixed'
  /** The outcomes that are right. */
  expect: readonly Outcome['kind'][]
  /** Why the oracle can tell, or why nothing helps. */
  why: string
  /** The trial ends then, whatever goes on. */
  timeoutMs?: number
  /** What else must be so. */
  check?(played: Played): void
}

export interface Played {
  outcome: Outcome | null
  record: TrialRecord | null
  transcript: Entry[]
}

/** What a start of Node takes on a machine that has nothing else to do, and how much slower may be waited for. */
const startMs = 60
const slowest = 6
/** A test ends after two minutes, the cluster's coming and going included. */
const mostMs = 75_000

/** How many times slower than that this machine is just now, by the fastest of some starts. */
function slowness(): number {
  const times = Array.from({ length: 2 }, () => {
    const from = performance.now()
    spawnSync(process.execPath, ['-e', '0'])
    return performance.now() - from
  })
  return Math.min(slowest, Math.max(1, Math.min(...times) / startMs))
}

/** A trial of its own, judged as every trial is. `more`: chaos types that only this test has. */
export async function play(
  cell: Cell,
  options: { dbPath: string; signal: AbortSignal; more: Record<string, ChaosType> },
): Promise<Played> {
  // Daemons are started as this program is, and a test's own file is none of its verbs. The bundle is made by bin/operator.
  const bundle = join(root, '.tools/bundle/main.js')
  if (process.argv[1] !== bundle) spawnSync(join(root, 'bin/operator'), ['--version'])
  process.argv[1] = bundle
  // As bin/operator has it: half the start-up time of each.
  process.env.NODE_COMPILE_CACHE ??= join(root, '.tools/compile-cache')
  const types = { ...chaosTypes, ...options.more }
  const limits = { campaignMs: null, costUsd: null }
  const plan = {
    name: 'cell',
    seed: 1,
    parallel: 1,
    cooldownMs: 0,
    limits,
    trials: [specOf(cell, types, slowness())],
  }
  const campaignId = await run(plan, {
    dbPath: options.dbPath,
    signal: options.signal,
    clock: systemClock,
    report: () => undefined,
    subjects: { etcd: etcd as never, tikv: tikv as never },
    labs: { netns },
    chaosTypes: types,
  })
  await using db = openEvalDb(options.dbPath)
  const [trial] = await listTrials<TrialSpec, TrialRecord>(db, { campaignId })
  if (!trial) throw new Error('no trial was stored')
  return { outcome: trial.outcome, record: trial.record, transcript: await transcript(db, trial.id) }
}

function specOf(cell: Cell, types: Record<string, ChaosType>, slow: number): TrialSpec {
  const { subject = 'etcd', chaos, params, timeoutMs = 60_000 } = cell
  const checked = types[chaos]?.params.parse(params ?? {}) as Record<string, unknown>
  const target = `${subject}-2`
  const variant = variantOf(cell, target, slow)
  return {
    subject,
    lab: 'netns',
    size: 3,
    seed: 7,
    baseline: false,
    variant,
    faults: [{ chaosType: chaos, target, params: checked }],
    agent: variant.agent ?? '',
    model: null,
    agentArgv: ['--agent', 'runbook'],
    // Of the usual load a third: what is judged is what becomes of each write, not how many there are. TiKV's own rules
    // on latency want more operations than that before they say anything.
    ...(subject === 'etcd' && { load: { clients: 1, opsPerSecond: 17 } }),
    intervalMs: 400,
    settleMs: 2_000,
    verifyMs: 6_000,
    timeoutMs: Math.min(mostMs, timeoutMs * slow),
  }
}

/** A script that stops at its first failure gives up instead of claiming. */
function variantOf({ script, program, claims = 'fixed' }: Cell, component: string, slow: number): Variant {
  if (script === undefined) return { name: 'nothing', agent: 'nop' }
  const claim = { status: claims, rootCause: 'it is well again', component, actions: [] }
  // The program is told its tickets, and with them the cluster.
  const own =
    program === undefined ? '' : `cluster=$(grep -oP '"cluster": *"\\K[^"]+' | head -n 1)\n${program}\n`
  const acts = script === '' ? '' : 'operator shell --reason "as planned" -- "$0" >&2 || exit 1; '
  return {
    name: 'scripted',
    agent: 'command',
    command: [
      'bash',
      '-c',
      `${own}${acts}echo '${JSON.stringify(claim)}'`,
      ...(script === '' ? [] : [script]),
    ],
    limits: { session_minutes: 0.5 * slow },
  }
}
