import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Variant } from '../src/core/work/variant.ts'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { sessionEntries } from '../src/store/audit/audit.ts'
import { verifyAudit } from '../src/store/audit/verify.ts'
import { listSessions } from '../src/store/operator/sessions.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { home, type TrialDocument, trialsIn } from './standins/eval-runs.ts'
import { type Scene, sceneWith } from './standins/operator.ts'
import { processes, treeOf } from './standins/processes.ts'
import { until } from './standins/until.ts'

const page = readFileSync(join(import.meta.dirname, '../docs/variants.md'), 'utf8')
/** The agent that the documentation shows. */
const script = /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? ''

const { can } = (await netns.abilities()).clusters as { can: boolean }
const skip = can ? false : 'no namespaces here'

test('a script of ten lines and an MCP client each complete a trial', { skip }, async () => {
  assert.ok(script.split('\n').length <= 11, 'ten lines')
  using place = home()
  const folder = join(place.path, 'variants')
  mkdirSync(folder)
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  write('script.sh', script)
  chmodSync(join(folder, 'script.sh'), 0o700)
  write('script.yaml', 'name: script\nagent: command\ncommand: [./script.sh]\nlimits: {turns: 9}\n')
  const client = join(import.meta.dirname, 'standins/mcp-agent.ts')
  write('mcp.yaml', `name: mcp\nagent: command\ncommand: ${JSON.stringify([process.execPath, client])}\n`)
  const campaign = join(place.path, 'campaign.yaml')
  writeFileSync(
    campaign,
    'name: programs\nsubjects: [etcd]\nchaos_types: [{type: node_kill, target: etcd-2}]\nvariants: [script, mcp]\nparallel: 2\nseed: 4\nsettle_seconds: 1\n',
  )
  const { code, stdout, stderr } = await place.run(
    ...['eval', 'run', 'campaign', campaign, '--variants-dir', folder, '--interval', '300ms', '--json'],
  )
  assert.equal(code, 0, stderr)
  assert.doesNotMatch(stderr, /no model key/, 'nobody here needs one')
  const trials = trialsIn(stdout)
  for (const name of ['script', 'mcp']) {
    const trial = trials.find(({ variant }) => variant === name) as TrialDocument
    assert.deepEqual(trial.outcome, { kind: 'resolved' }, JSON.stringify(trial.session))
    assert.equal(trial.agent, 'command')
    const { session } = trial
    assert.equal(session?.claim?.component, 'etcd-2')
    assert.equal(session?.cost_usd, null, "what a program's model costs is not known")
    assert.equal(session?.turns, session?.commands)
    const shown = JSON.parse((await place.run('eval', 'show', trial.id, '--json')).stdout)
    const commands = shown.transcript.filter((entry: { kind: string }) => entry.kind === 'tool_call')
    assert.deepEqual(
      commands.map((entry: { body: string }) => entry.body),
      name === 'script' ? ['svc status', 'svc start etcd-2'] : ['svc start etcd-2'],
    )
    assert.match(commands.at(-1).meta?.reasoning ?? commands.at(-1).reasoning, /etcd-2/)
    const variants = shown.tickets.map((ticket: { variant: Variant }) => ticket.variant)
    assert.deepEqual([variants[0].name, variants[0].agent], [name, 'command'])
  }
  assert.deepEqual(readdirSync(place.tmp), [], 'nothing of a session is left')
})

describe('a program that is stopped', { skip }, () => {
  let cluster: Cluster
  before(async () => {
    cluster = await netns.up(topology(3), { signal: new AbortController().signal })
  })
  after(() => cluster?.[Symbol.asyncDispose]())

  /** It holds a command in the cluster, and hides as well as an honest program may. */
  const stubborn = `trap '' TERM HUP
operator shell -- 'exec -a lingering-1 sleep 600' &
setsid sh -c 'trap "" TERM; sleep 6001' &
sleep 6002`
  const variant: Variant = { name: 'stubborn', agent: 'command', command: ['sh', '-c', stubborn] }
  const lingering = async () => (await cluster.run('etcd-1', ['pgrep', '-cf', '^lingering-'])).stdout.trim()

  async function agentAtWork(scene: Scene, ...argv: string[]) {
    const agent = scene.agent(['--agent', 'runbook', ...argv], { TMPDIR: scene.home })
    await until('its command runs', async () => (await lingering()) === '1', 15_000).catch((cause) => {
      throw new Error(agent.stderr(), { cause })
    })
    const tree = treeOf(agent.child.pid ?? 0)
    assert.ok(tree.length >= 6, `${tree.length} processes`)
    return { agent, tree }
  }
  const gone = async (tree: ReturnType<typeof treeOf>, scene: Scene) => {
    const left = () => {
      const now = processes()
      return tree.filter((was) => now.some((is) => is.pid === was.pid && is.started === was.started))
    }
    await until('all of it has ended', () => left().length === 0, 20_000)
    await until('its command has ended', async () => (await lingering()) === '0', 20_000)
    const folders = () => readdirSync(scene.home).filter((name) => name.startsWith('operator-'))
    await until('its folder is gone', () => folders().length === 0)
  }

  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    test(`${signal} for the agent leaves nothing of it`, async () => {
      await using scene = await sceneWith(cluster, 'etcd-3', ['--variant', JSON.stringify(variant)])
      const { agent, tree } = await agentAtWork(scene)
      agent.child.kill(signal)
      await agent.ended
      await gone(tree, scene)
      const [session] = await listSessions(scene.db)
      assert.deepEqual([session?.agent, session?.variant], ['command', 'stubborn'])
      assert.equal(session?.state, signal === 'SIGTERM' ? 'interrupted' : 'running')
      assert.equal((await verifyAudit(scene.db)).ok, true)
    })

  test('a limit ends all of it, and is the reason', async () => {
    const limited = { ...variant, limits: { session_minutes: 1 / 30 } }
    await using scene = await sceneWith(cluster, 'etcd-3', ['--variant', JSON.stringify(limited)])
    const { tree, agent } = await agentAtWork(scene)
    await until(
      'the session has ended',
      async () => (await listSessions(scene.db))[0]?.state === 'done',
      9_000,
    )
    const ours = tree.filter(({ pid }) => pid !== agent.child.pid)
    await gone(ours, scene)
    const [session] = await listSessions(scene.db)
    assert.match(session?.claim?.rootCause ?? '', /^ended by a limit: the session's time is over: 2 s$/)
    const entries = await sessionEntries(scene.db, session?.id ?? '')
    assert.deepEqual(
      entries.map(({ kind }) => kind),
      ['tool_call', 'tool_result', 'claim'],
    )
  })
})
