import type { ChaosType, Fault } from '../../chaos/chaos-type.ts'
import { brokenWith, choosersLast, targetsOf } from '../../chaos/target.ts'
import { messageOf } from '../../core/errors.ts'
import { rngFrom } from '../../core/rng.ts'
import type { Cluster } from '../../lab/contract.ts'
import * as store from '../../store/eval/trials.ts'
import { isHealthy } from '../judge/oracle.ts'
import type { FaultSpec, TrialRecord } from '../record.ts'
import { proofOfOurs } from './blame.ts'
import type { TrialOptions } from './options.ts'
import { unlessLate, until } from './until.ts'
import type { Witness } from './witness-call.ts'

/** A fault of a running trial: planned, and stored with what undoes it. */
export interface Armed {
  type: ChaosType
  fault: Fault
  faultId: number
}

/** A proof that takes longer than `askedMs` proves nothing; nothing that is asked of a cluster is waited for without a bound. */
const within = { landedMs: 3_000, cleanMs: 10_000, askedMs: 20_000, releasedMs: 20_000, revertedMs: 90_000 }

/** Plans every fault on the running cluster, and stores what undoes it. */
export async function arm(
  options: TrialOptions,
  record: TrialRecord,
  cluster: Cluster,
  witness: Witness,
): Promise<Armed[]> {
  const { spec, chaosTypes, db, clock } = options
  const seen = Object.entries(witness.probes.findLast(isHealthy)?.roles ?? {})
  const roles = Object.fromEntries(seen.map(([node, role]) => [node, role ?? undefined]))
  const rng = rngFrom(spec.seed)
  // Together, too, they may break no more than a minority: each is planned around those before it.
  const names = cluster.nodes.map(({ name }) => name)
  const planned = new Map<FaultSpec, Omit<Armed, 'faultId'>>()
  let broken: string[] = []
  for (const one of choosersLast(spec.faults)) {
    const { chaosType, target, params, allowQuorumLoss = false } = one
    const type = chaosTypes[chaosType]
    if (!type) throw new Error(`no chaos type '${chaosType}'`)
    const fault = await type.plan({ cluster, params, target, roles, rng, allowQuorumLoss, broken })
    broken = brokenWith(broken, type, targetsOf(fault), names, allowQuorumLoss)
    planned.set(one, { type, fault })
  }
  const armed: Armed[] = []
  for (const { type, fault } of spec.faults.flatMap((one) => planned.get(one) ?? [])) {
    record.faults.push(fault)
    const stored = { trialId: options.id, lab: cluster.lab, clusterId: cluster.id, fault }
    armed.push({ type, fault, faultId: await store.armFault(db, stored, clock.now()) })
  }
  record.harmless = armed.every(({ type }) => type.harmless)
  record.lasting = armed.every(({ type }) => type.harmless || !type.passes)
  record.replaceable = armed.flatMap(({ type, fault }) => (type.replacesMember ? targetsOf(fault) : []))
  return armed
}

/** All at the same moment, and each proven to have landed. */
export async function inject(
  options: TrialOptions,
  record: TrialRecord,
  cluster: Cluster,
  armed: readonly Armed[],
): Promise<void> {
  const { db, clock, signal } = options
  const injectedAt = clock.now()
  record.injectedAt = injectedAt
  for (const { type, fault, faultId } of armed) {
    await type.inject(cluster, fault)
    await store.setFaultState(db, faultId, 'injected')
    options.report({ kind: 'fault', fault, at: clock.now() })
  }
  for (const { type, fault } of armed) {
    const landed = await until(() => type.landed(cluster, fault), within.landedMs, clock, signal)
    if (!landed) throw new Error(`${fault.chaosType} on ${fault.target} did not land`)
  }
}

/** Faults that go on acting do so until the trial is judged; nothing acts any more once this is disposed. */
export function holdFaults(
  { clock, signal }: TrialOptions,
  record: TrialRecord,
  cluster: Cluster,
  armed: readonly Armed[],
): AsyncDisposable {
  const over = new AbortController()
  const held = armed.map(async ({ type, fault }) => {
    try {
      await type.hold?.(cluster, fault, { clock, signal: over.signal })
    } catch (error) {
      const reason = `${fault.chaosType} did not go on: ${messageOf(error)}`
      record.invalid ??= { phase: 'operate', reason, at: clock.now(), proof: proofOfOurs(error, signal) }
    }
  })
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await unlessLate(Promise.all(held), { ms: within.releasedMs, otherwise: () => [] })
    },
  }
}

/** Proofs of damage use the network, and their programs show inside: not often. */
const lookEveryMs = 10_000

/**
 * Whether anything is still in place or goes on. Remembers for the record when it was last seen, and asks again only after
 * a while. Not while an agent works: what it sees there must not tell where the damage is.
 */
export function faultLook(
  { clock, signal }: TrialOptions,
  record: TrialRecord,
  cluster: Cluster,
  armed: readonly Armed[],
): (now?: 'now') => Promise<boolean> {
  // Harmless disturbances go on, too: a trial that ended before them would say nothing.
  const real = armed.filter(({ type }) => !type.harmless || type.hold)
  let seen = real.length > 0
  let lookedAt = Number.NEGATIVE_INFINITY
  return async (now) => {
    if (real.length === 0 || (!now && clock.now() - lookedAt < lookEveryMs)) return seen
    lookedAt = clock.now()
    const there = await Promise.all(real.map(({ type, fault }) => isThere(type, fault, cluster, signal)))
    seen = there.some(Boolean)
    if (seen) record.faultSeenAt = lookedAt
    record.faultGoneAt = seen ? null : (record.faultGoneAt ?? clock.now())
    return seen
  }
}

/** Who cannot be asked, or does not answer, has not said that it is gone. */
const isThere = (type: ChaosType, fault: Fault, cluster: Cluster, signal: AbortSignal): Promise<boolean> =>
  unlessLate(
    (type.remains ?? type.landed)(cluster, fault).catch(() => true),
    { ms: within.askedMs, signal, otherwise: () => true },
  )

/**
 * Once all is measured, a fault that cannot be undone is told and no more: an agent may have left nothing to undo, and
 * the cluster goes in any case.
 */
export async function revert(
  options: TrialOptions,
  record: TrialRecord,
  cluster: Cluster,
  armed: readonly Armed[],
): Promise<void> {
  const { db, clock } = options
  for (const { type, fault, faultId } of armed.toReversed()) {
    const undone = async () => {
      await type.revert(cluster, fault)
      // Not even a Ctrl-C spares us from knowing that nothing is left broken.
      return until(() => type.clean(cluster, fault), within.cleanMs, clock)
    }
    try {
      const ms = within.revertedMs
      if (!(await unlessLate(undone(), { ms, otherwise: () => false })))
        throw new Error(`${fault.chaosType} on ${fault.target} could not be reverted`)
      await store.setFaultState(db, faultId, 'reverted')
    } catch (error) {
      record.revertFailed ??= messageOf(error)
    }
  }
}
