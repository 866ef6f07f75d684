import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import type { Connection, Observation, Subject } from '../../src/core/watch/subject.ts'
import type { Endpoints } from '../../src/core/watch/topology.ts'
import { verdictsOf } from '../../src/testing/subject.ts'
import { type Mutation, mutationsOf } from '../standins/mutations.ts'
import type { Page } from '../standins/scripted-http.ts'

/** Changes what a node would answer. */
export type Spoil = (node: string, path: string, page: Page) => Page

/** A cluster that answers from a script, in which faults stand. */
export interface SickCluster extends AsyncDisposable {
  endpoints: Endpoints
  nodes: readonly string[]
  /** What a node answers at a path when nothing is spoiled. */
  page(node: string, path: string): Page | undefined
  paths(node: string): string[]
  spoil: Spoil
}

export interface Sickness {
  /** What is wrong in it, for the title. */
  title: string
  start(clock: Clock): Promise<SickCluster>
  connect(endpoints: Endpoints, clock: Clock): Connection<Observation>
  /** The invariants that are violated, at one place at least. */
  violated: readonly string[]
  /** Answers that may be true: they are no mutation. */
  truthful?(path: string, mutation: Mutation): boolean
  /** For how many observations an answer stays as it is; default 2. */
  heldFor?(path: string): number
  /** How long to wait between observations for what is asked beside them; default 0. */
  settleMs?: number
  /** What is mutated; default: all. */
  mutated?(node: string, path: string): boolean
}

const never = new AbortController().signal
const betweenMs = 5_000

/** Verdicts stay `violated` or become unknown, whatever becomes of an answer, while the fault stands. */
export function mutationConformance(subject: Subject, sickness: Sickness): void {
  test(`subject ${subject.name}: ${sickness.title}: no answer that fails in any way is good news`, async () => {
    const healed: string[] = []
    let tried = 0
    for (const { node, path, mutations } of await pagesOf(sickness)) {
      // A cluster of its own for each page: what a monitor remembers of a fault may fade within an hour.
      await using patient = await admitted(subject, sickness)
      for (const mutation of mutations) {
        tried++
        const seen = await patient.healedBy(node, path, mutation)
        // A verdict may still come from the answer that was mutated before: tried again on a cluster that has had none.
        const ok = seen.length === 0 ? seen : await aloneHealedBy(subject, sickness, { node, path, mutation })
        healed.push(...ok.map((place) => `${node} ${path} ${mutation.what}: ${place}`))
      }
    }
    assert.ok(tried > 0)
    assert.deepEqual(healed, [], `${healed.length} of ${tried}`)
  })
}

async function aloneHealedBy(
  subject: Subject,
  sickness: Sickness,
  { node, path, mutation }: { node: string; path: string; mutation: Mutation },
): Promise<string[]> {
  await using patient = await admitted(subject, sickness)
  return await patient.healedBy(node, path, mutation)
}

async function pagesOf(sickness: Sickness) {
  await using cluster = await sickness.start(systemClock)
  return cluster.nodes.flatMap((node) =>
    cluster.paths(node).flatMap((path) => {
      const page = cluster.page(node, path)
      if (page === undefined || typeof page === 'string' || sickness.mutated?.(node, path) === false)
        return []
      const mutations = mutationsOf(page).filter((one) => sickness.truthful?.(path, one) !== true)
      return [{ node, path, mutations }]
    }),
  )
}

/** A sick cluster that was observed until its faults stood. */
async function admitted(subject: Subject, sickness: Sickness) {
  let jumped = 0
  const clock: Clock = {
    now: () => systemClock.now() + jumped,
    monotonic: () => systemClock.monotonic() + jumped,
    sleep: (_, signal) => systemClock.sleep(1, signal),
  }
  const undo = new AsyncDisposableStack()
  const cluster = undo.use(await sickness.start(clock))
  const connection = undo.use(sickness.connect(cluster.endpoints, clock))
  const observe = async () => {
    jumped += betweenMs
    // What is asked beside the observations (a new connection, a comparison of data) gets its turn.
    await systemClock.sleep(sickness.settleMs ?? 0)
    const verdicts = verdictsOf(subject, await connection.observe(never))
    return new Map(verdicts.map(({ invariant, node, verdict }) => [`${invariant} ${node}`, verdict]))
  }
  const violatedIn = (verdicts: Awaited<ReturnType<typeof observe>>) =>
    [...verdicts].flatMap(([place, { kind }]) =>
      kind === 'violated' && sickness.violated.includes(place.split(' ')[0] ?? '') ? [place] : [],
    )
  let standing: string[] = []
  const missing = () =>
    sickness.violated.filter((name) => !standing.some((place) => place.startsWith(`${name} `)))
  // All windows are full then; on a starved machine not every observation sees everything.
  for (let i = 0; i < 20 || (i < 60 && missing().length > 0); i++) standing = violatedIn(await observe())
  assert.deepEqual(missing(), [], 'these are violated in the sick cluster')
  return {
    /** What was violated and is ok while an answer is mutated. */
    async healedBy(node: string, path: string, mutation: Mutation): Promise<string[]> {
      cluster.spoil = (at, asked, good) =>
        at === node && asked === path && typeof good !== 'string' ? mutation.of(good) : good
      const ok = new Set<string>()
      for (let i = 0; i < (sickness.heldFor?.(path) ?? 2); i++) {
        const verdicts = await observe()
        for (const place of standing) if (verdicts.get(place)?.kind === 'ok') ok.add(place)
      }
      cluster.spoil = (_, __, good) => good
      // Until all of it is seen again.
      for (let i = 0; i < 16; i++) {
        const again = violatedIn(await observe())
        if (standing.every((place) => again.includes(place))) break
      }
      return [...ok]
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  }
}
