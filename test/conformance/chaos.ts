import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ChaosType, Fault } from '../../src/chaos/chaos-type.ts'
import { systemClock } from '../../src/core/clock.ts'
import { BadInput } from '../../src/core/errors.ts'
import { rngFrom } from '../../src/core/rng.ts'
import type { NodeView } from '../../src/core/watch/subject.ts'
import type { Cluster, Lab } from '../../src/lab/contract.ts'
import { type Arena, sharedCluster, visible } from '../standins/arena.ts'
import { until } from '../standins/until.ts'

const injector = fileURLToPath(new URL('../standins/injector.ts', import.meta.url))

/** One way to use a chaos type. */
export interface Damage {
  type: ChaosType
  params?: Record<string, unknown>
  /** Whether a node's clients feel it; default: it does not answer. */
  hurts?(cluster: Cluster, node: string): Promise<boolean>
  /** All nodes are hit, whatever the target. */
  everywhere?: boolean
  /** Tried in full on another arena. */
  brief?: boolean
  /** Its damage takes long, or stays in everybody's log: one deed of somebody else's is enough. */
  slow?: boolean
  /** Kills of its injector and of its reverter, each at another moment. */
  kills?: number
}

const tellTales = /operator|chaos|trial|oracle|inject|corrupt|sabotage|\bfault/i

/** What every chaos type must do, on a lab that can do what it needs and on a subject that it knows. */
export function chaosConformance(lab: Lab, arena: Arena, damages: readonly Damage[]): void {
  const shared = sharedCluster(lab, arena)
  after(() => shared[Symbol.asyncDispose]())
  for (const damage of damages) conforms(lab, arena, damage, shared)
}

function conforms(lab: Lab, arena: Arena, damage: Damage, shared: ReturnType<typeof sharedCluster>): void {
  const { type, everywhere = false } = damage
  const hurts = damage.hurts ?? (async (of: Cluster, node: string) => !(await arena.answers(of, node)))
  const params = type.params.parse(damage.params ?? {})
  const [first = '', second = '', third = ''] = arena.topology.nodes.map(({ name }) => name)
  const title = damage.params ? ` ${JSON.stringify(damage.params)}` : ''

  describe(`chaos ${type.name}${title} on ${arena.name} in ${lab.name}`, () => {
    let cluster: Cluster
    before(async () => {
      cluster = await shared.get()
    })
    const roles: Record<string, NodeView['role']> = {
      [first]: 'follower',
      [second]: 'leader',
      [third]: 'follower',
    }
    const plan = (target: string, seed = 1, allowQuorumLoss = false): Promise<Fault> =>
      type.plan({ cluster, params, target, roles, rng: rngFrom(seed), allowQuorumLoss })
    const untilHealed = async (fault: Fault) => {
      await shared.untilWhole(cluster)
      await until('it is clean', () => type.clean(cluster, fault), arena.wholeMs)
      if (!type.harmless) assert.equal(await type.landed(cluster, fault), false)
    }
    const inject = async (fault: Fault) => {
      await type.inject(cluster, fault)
      await until('it has landed', () => type.landed(cluster, fault), 3_000)
    }

    test('breaks its target and nothing else, is seen to have landed, tells nobody, and heals', async () => {
      const fault = await plan('leader')
      assert.deepEqual(JSON.parse(JSON.stringify(fault)), fault)
      assert.equal(fault.chaosType, type.name)
      await untilHealed(fault)
      assert.equal(await hurts(cluster, second), false)
      const before = await visible(cluster)
      await inject(fault)
      const after = [...(await visible(cluster)).difference(before)]
      assert.deepEqual(
        after.filter((line) => tellTales.test(line) || line.includes(type.name)),
        [],
      )
      assert.equal(await type.clean(cluster, fault), type.harmless ?? false)
      const feels = async (node: string, pain: boolean) => (await hurts(cluster, node)) === pain
      // A cluster takes a moment to notice, and the others another to go on without it.
      await until(`${second} is hurt or not`, () => feels(second, !type.harmless), arena.wholeMs)
      await until(`${third} is hurt or not`, () => feels(third, everywhere), arena.wholeMs)
      await type.revert(cluster, fault)
      await untilHealed(fault)
      assert.equal(await hurts(cluster, second), false)
      await type.revert(cluster, fault)
      await untilHealed(fault)
    })

    if (damage.brief) return

    test('a plan changes nothing, is the same for the same seed, and keeps a majority alive', async () => {
      const fault = await plan('random', 7)
      assert.deepEqual(await plan('random', 7), fault)
      await untilHealed(fault)
      assert.equal(type.params.safeParse({ ...damage.params, nonsense: 1 }).success, false)
      if (everywhere || type.name === 'none') return
      const seen = new Set<string>()
      for (let seed = 0; seed < 40 && seen.size < 3; seed++) seen.add((await plan('random', seed)).target)
      assert.equal(seen.size, 3)
      assert.notEqual((await plan('follower')).target, second)
      await assert.rejects(plan('nobody'), refusal(new RegExp(`leader.*${first}, ${second}, ${third}`)))
      await assert.rejects(plan(`${first},${third}`), refusal(/majority.*allow_quorum_loss/))
      // Some damage takes one node only; none may take two unasked.
      await plan(`${first},${third}`, 1, true).then(
        ({ target }) => assert.equal(target, `${first},${third}`),
        (error) => refusal(/takes one node/)(error),
      )
    })

    test('heals after somebody else restarted or killed the node', async () => {
      for (const action of damage.slow ? (['kill'] as const) : (['restart', 'kill'] as const)) {
        const fault = await plan(first)
        await inject(fault)
        if (action === 'restart') {
          await cluster.stop(first)
          await cluster.start(first)
        } else if ((await cluster.state(first)) !== 'stopped') await cluster.signal(first, 'KILL')
        // Between a start and its exec the process has another name.
        const found = () => cluster.run(first, ['pgrep', '-f', `/etc/${arena.name}/${first}`])
        if (action === 'restart' && !type.subjects)
          await until('it is started', async () => (await found()).exitCode === 0)
        const theirs = await found()
        await type.revert(cluster, fault)
        await cluster.start(first)
        await untilHealed(fault)
        if (action === 'kill' || type.subjects) continue
        assert.deepEqual(await found(), theirs)
      }
    })

    test('heals whenever its injector or its reverter was killed', async () => {
      const rng = rngFrom(2)
      const fault = await plan(third)
      const killedDuring = async (step: string, afterMs: number) => {
        const args = [injector, lab.name, cluster.id, step, JSON.stringify(fault)]
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
        const exited = once(child, 'exit')
        await Promise.race([once(child.stdout, 'data'), exited])
        await Promise.race([systemClock.sleep(afterMs), exited])
        child.kill('SIGKILL')
        await exited
      }
      const kills = damage.kills ?? (damage.slow ? 1 : 2)
      for (let i = 0; i < kills; i++) {
        // From its first moments to after its end.
        const afterMs = (150 * (i + rng.next())) / kills
        await killedDuring('inject', afterMs)
        await killedDuring('revert', afterMs)
        await type.revert(cluster, fault)
        await untilHealed(fault)
      }
    })
  })
}

const refusal = (pattern: RegExp) => (error: Error) => {
  assert.ok(error instanceof BadInput, String(error))
  assert.match(error.message, pattern)
  return true
}
