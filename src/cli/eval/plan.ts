import { availableParallelism, freemem } from 'node:os'
import { dirname } from 'node:path'
import { modelSpec, type ResolvedModel } from '../../agent/model/model.ts'
import type { ChaosType } from '../../chaos/chaos-type.ts'
import { chaosTypes } from '../../chaos/faults.ts'
import {
  brokenWith,
  choosersLast,
  chooseTarget,
  nodesInBoth,
  requirePeer,
  whyNotOne,
} from '../../chaos/target.ts'
import { BadInput, MachineLacks } from '../../core/errors.ts'
import { rngFrom } from '../../core/rng.ts'
import type { Subject } from '../../core/watch/subject.ts'
import { defaultVariant, type Variant, workerBy } from '../../core/work/variant.ts'
import { type CampaignFile, pluginsOf, readCampaign, variantsOf } from '../../eval/campaign/file.ts'
import {
  faultSpecOf,
  lanesOf,
  type Plan,
  planCampaign,
  planTrials,
  type TrialBase,
} from '../../eval/campaign/plan.ts'
import { readVariants, variantFolders, variantNamed } from '../../eval/campaign/variant-file.ts'
import type { FaultSpec } from '../../eval/record.ts'
import type { Ability, Capability, Cluster } from '../../lab/contract.ts'
import { labNamed } from '../../lab/labs.ts'
import { loadPlugins } from '../../plugins.ts'
import { labSubjects, subjectNamed } from '../../subjects/subjects.ts'
import { placeIn, readText } from '../../yaml.ts'
import { workerFor } from '../agent/worker.ts'
import { type AgentSettings, agentArgv, chooseModel } from '../options/agent.ts'

/** Settings from the command line that all trials of a run share; times in ms. */
export interface BaseSettings extends AgentSettings {
  lab: string
  size: number
  interval: number
  settle: number
  timeout: number
  verifyWindow: number
  evalDb: string
}

/** Trials of one kind. */
export interface TrialSettings extends BaseSettings {
  subject: string
  chaos: string
  target: string
  param: Record<string, string>
  seed?: number
  trials: number
  baseline?: boolean
  allowQuorumLoss?: boolean
  variant?: string
  variantsDir?: string
}

export interface CampaignSettings extends BaseSettings {
  variantsDir?: string
  parallel?: number
}

export const trialDefaults = {
  lab: 'netns',
  size: 3,
  target: 'random',
  param: {},
  trials: 1,
  interval: 1_000,
  settle: 5_000,
  timeout: 120_000,
  verifyWindow: 10_000,
}

/** Checks everything that can be checked before a cluster is started. */
export function planOf(options: TrialSettings, model: ResolvedModel | null, variant = defaultVariant): Plan {
  const subject = subjectNamed(options.subject)
  const chaosType = Object.hasOwn(chaosTypes, options.chaos) ? chaosTypes[options.chaos] : undefined
  if (!chaosType)
    throw new BadInput(`no chaos type '${options.chaos}'; known: ${Object.keys(chaosTypes).join(', ')}`)
  const params = chaosType.params.safeParse(options.param)
  if (!params.success)
    throw new BadInput(
      `--param of ${chaosType.name}: ${params.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ')}`,
    )
  const { target, baseline = false, allowQuorumLoss = false } = options
  const fault: FaultSpec = {
    chaosType: chaosType.name,
    target,
    params: params.data as Record<string, unknown>,
    ...(allowQuorumLoss ? { allowQuorumLoss } : {}),
  }
  checkTargets(subject, options.size, [fault])
  checkFit(chaosType, subject)
  if (!baseline) requireAgent(subject, variant, model)
  requireWorkload(subject)
  return planTrials(
    {
      ...baseOf(options, model),
      subject: subject.name,
      faults: [fault],
      baseline,
      variant,
    },
    {
      name: `${options.chaos} on ${options.subject}${baseline ? ', no agent' : ''}`,
      seed: options.seed ?? drawnSeed(),
      parallel: 1,
      trials: options.trials,
    },
  )
}

/** Trials of one kind by the variant that the command line names; a baseline has no agent, and so no variant. */
export function planOfKind(options: TrialSettings, say: (remark: string) => void): Plan {
  if (options.baseline && options.variant !== undefined)
    throw new BadInput('--variant configures an agent, and --baseline has none: say one of them')
  if (options.variant === undefined) return planOf(options, chooseTrialModel(options, say))
  const variant = variantNamed(options.variant, variantFolders(options.variantsDir))
  return planOf(options, modelForArms([variant], options, say), variant)
}

/** A campaign file as a plan, with every name in it checked. */
export async function planOfFile(
  path: string,
  options: CampaignSettings,
  say: (remark: string) => void,
): Promise<Plan> {
  const text = readText(path)
  await loadPlugins(pluginsOf(path, text), dirname(path))
  const variants = readVariants(variantFolders(options.variantsDir))
  const known = { subjects: labSubjects(), chaosTypes, variants: [...variants.keys()] }
  const file = readCampaign(path, known, text)
  const arms = variantsOf(file).flatMap((name) => variants.get(name) ?? [])
  const model = modelForArms(arms, options, say)
  for (const name of file.subjects) {
    for (const variant of arms) requireAgent(subjectNamed(name), variant, model)
    requireWorkload(subjectNamed(name))
  }
  if (file.limits.cost_usd !== undefined) requireKnownCosts(path, arms, model, options, say)
  const base = baseOf(options, model)
  const { settle_seconds: settle, limits, size = base.size, load } = file
  checkFileTargets(path, file, size)
  return planCampaign(
    { ...file, parallel: options.parallel ?? file.parallel },
    {
      seed: file.seed ?? drawnSeed(),
      base: {
        ...base,
        size,
        settleMs: settle === undefined ? base.settleMs : settle * 1_000,
        timeoutMs: limits.trial_minutes === undefined ? base.timeoutMs : limits.trial_minutes * 60_000,
        ...(load && { load: { clients: load.clients_per_node, opsPerSecond: load.ops_per_client } }),
      },
      variants,
    },
  )
}

/**
 * The model of the arms that leave open who works; null: the runbook does. What any arm's agent lacks is said before
 * anything is started.
 */
function modelForArms(
  variants: readonly Variant[],
  options: AgentSettings,
  say: (remark: string) => void,
): ResolvedModel | null {
  const open = variants.some((variant) => workerBy(variant, { agent: '', model: null }).agent === '')
  const model = open ? chooseModel(options, say) : null
  for (const variant of variants) workerFor(variant, model ? 'llm' : 'runbook', options)
  return model
}

/** @throws BadInput where a trial would wait for a runbook that the subject does not have, and count against the agent. */
function requireAgent(subject: Subject, variant: Variant, model: ResolvedModel | null): void {
  const { agent } = workerBy(variant, { agent: model ? 'llm' : 'runbook', model: null })
  if (agent !== 'runbook' || subject.runbook) return
  throw new BadInput(
    `${subject.name} has no runbook, so variant '${variant.name}' has nobody to repair it; set ANTHROPIC_API_KEY for a model, name a variant with \`agent: command\`, or use --baseline for trials with no agent`,
  )
}

/** @throws BadInput where no load would tell whether the system serves: every trial would be invalid in its phase `warm`. */
function requireWorkload(subject: Subject): void {
  if (subject.workload) return
  throw new BadInput(
    `${subject.name} has no workload, so a trial cannot tell whether it serves; add one (docs/add-a-subject.md), or watch it: operator monitor run --subject ${subject.name}`,
  )
}

/** A limit of the whole campaign counts what its sessions cost, so that has to be known. */
function requireKnownCosts(
  path: string,
  variants: readonly Variant[],
  model: ResolvedModel | null,
  options: AgentSettings,
  say: (remark: string) => void,
): void {
  for (const variant of variants) {
    const worker = workerFor(variant, model ? 'llm' : 'runbook', options)
    const what = `${path}: limits.cost_usd: what variant '${variant.name}' costs`
    if (worker.agent === 'llm' && !worker.model.priced)
      throw new BadInput(
        `${what} is not known: give the price of ${worker.model.spec} (--price-in and --price-out), or leave the limit out`,
      )
    if (worker.agent === 'command') say(`${what} cannot be seen, and is not counted`)
  }
}

/** More lanes than the machine carries disturb each other's times; a person may insist. */
export function checkLanes(parallel: number, insist: boolean): void {
  const machine = { cores: availableParallelism(), freeBytes: freemem() }
  const carried = lanesOf(machine)
  if (parallel <= carried || insist) return
  const free = (machine.freeBytes / 2 ** 30).toFixed(1)
  throw new BadInput(
    `parallel ${parallel}: this machine (${machine.cores} cores, ${free} GiB free) carries ${carried} trials at a time before they disturb each other's times; lower it, or insist with --crowd`,
  )
}

/** A model that cannot be asked is said before anything is started. A baseline has no agent, so it needs none. */
export const chooseTrialModel = (
  options: AgentSettings & { baseline?: boolean },
  say: (remark: string) => void,
): ResolvedModel | null => (options.baseline ? null : chooseModel(options, say))

const baseOf = (options: BaseSettings, model: ResolvedModel | null): TrialBase => ({
  lab: labNamed(options.lab).name,
  size: options.size,
  agent: model ? 'llm' : 'runbook',
  model: modelSpec(options.model),
  agentArgv: agentArgv({ ...options, agent: model ? 'llm' : 'runbook' }),
  intervalMs: options.interval,
  settleMs: options.settle,
  timeoutMs: options.timeout,
  verifyMs: options.verifyWindow,
})

const drawnSeed = (): number => crypto.getRandomValues(new Uint32Array(1)).map((n) => n >>> 1)[0] ?? 0

function checkFileTargets(path: string, file: CampaignFile, size: number): void {
  for (const name of file.subjects) {
    const subject = subjectNamed(name)
    for (const [i, chaos] of file.chaos_types.entries()) {
      const faults = [chaos, ...chaos.with]
      try {
        checkTargets(subject, size, faults.map(faultSpecOf))
        for (const { type } of faults) if (chaosTypes[type]) checkFit(chaosTypes[type], subject)
      } catch (error) {
        if (!(error instanceof BadInput)) throw error
        throw new BadInput(
          `${placeIn(path, ['chaos_types', i])}: ${faults.map(({ type }) => type).join(' with ')}: ${error.message}`,
        )
      }
    }
  }
}

/** A kind of damage that only some subjects can suffer. */
function checkFit({ name, subjects: fitting }: ChaosType, subject: Subject): void {
  if (fitting && !fitting.includes(subject.name))
    throw new BadInput(`${name} breaks only ${fitting.join(', ')}, not ${subject.name}`)
}

type Abilities = Record<Capability, Ability>

/** @throws MachineLacks when the lab of a plan cannot do on this machine what the plan needs. Nothing has been started then. */
export async function checkAbilities(
  plan: Plan,
  abilitiesOf = (lab: string): Promise<Abilities> => labNamed(lab).abilities(),
): Promise<void> {
  const needed = new Map<Capability, string>()
  for (const { chaosType } of plan.trials.flatMap(({ faults }) => faults))
    for (const need of chaosTypes[chaosType]?.needs ?? []) needed.set(need, chaosType)
  for (const lab of new Set(plan.trials.map((spec) => spec.lab))) {
    const abilities = await abilitiesOf(lab)
    for (const [need, chaosType] of needed) {
      const ability = abilities[need]
      if (!ability.can)
        throw new MachineLacks(`${chaosType}: ${lab} cannot here: ${ability.why}; ${ability.fix}`)
    }
    if (abilities.delay.can && abilities.delay.by === 'netem')
      for (const spec of plan.trials) if (spec.lab === lab) checkRoots(spec)
  }
}

/** Where netem delays, it and the queue of a narrow link would each be the root of the node's one interface. */
function checkRoots({ lab, subject, size, faults }: Plan['trials'][number]): void {
  const names =
    subjectNamed(subject)
      .topology?.(size)
      .nodes.map(({ name }) => name) ?? []
  const needing = (need: Capability) =>
    faults.filter(({ chaosType }) => chaosTypes[chaosType]?.needs.includes(need))
  for (const slow of needing('delay'))
    for (const narrow of needing('bandwidth')) {
      const both = nodesInBoth(slow.target, narrow.target, names).filter((name) => name !== slow.params.peer)
      if (both.length > 0)
        throw new BadInput(
          `${slow.chaosType} (target ${slow.target}) with ${narrow.chaosType} (target ${narrow.target}) on ${both.join(' or ')}: ${lab} delays by netem here, and a node's interface takes only one of the two; choose one of them, packet_loss instead of ${narrow.chaosType}, or another node for each by name`,
        )
    }
}

/** Size and targets, each and together, against what would be started, as if its first node led. */
function checkTargets(subject: Subject, size: number, faults: readonly FaultSpec[]): void {
  if (!subject.topology)
    throw new BadInput(`${subject.name} is watched where it runs; no lab can start one to break`)
  const nodes = subject.topology(size).nodes.map(({ name }) => ({ name }))
  const names = nodes.map(({ name }) => name)
  const roles = Object.fromEntries(
    names.map((name, i) => [name, i === 0 ? ('leader' as const) : ('follower' as const)]),
  )
  const cluster = { nodes } as unknown as Cluster
  let broken: string[] = []
  for (const { chaosType, target, params, allowQuorumLoss = false } of choosersLast(faults)) {
    const type = chaosTypes[chaosType]
    const tooMany = type?.takesOne?.(params) && whyNotOne(target)
    if (tooMany) throw new BadInput(tooMany)
    const chosen = chooseTarget({ cluster, target, roles, rng: rngFrom(0), allowQuorumLoss, broken })
    // Whom a word means is seen only when it runs; never the peer.
    const named = chosen === target ? chosen.split(',') : []
    requirePeer(params.peer, named, names)
    broken = brokenWith(broken, type, chosen.split(','), names, allowQuorumLoss)
  }
}
