import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { entry, exported, hostile, talk } from '../../../test/standins/exports.ts'
import { session } from '../../../test/standins/record.ts'
import type { PastTrial } from '../../../test/standins/stored-trials.ts'
import type { Trajectory } from './atif.ts'

async function trajectoriesOf(trials: readonly PastTrial[]): Promise<Trajectory[]> {
  await using campaign = await exported(trials)
  const lines = (await campaign.export('atif')).trimEnd()
  return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line))
}

/** The rules of ATIF 1.7 for what we write of it. */
function assertAtif({ schema_version, steps, agent, final_metrics }: Trajectory): void {
  assert.equal(schema_version, 'ATIF-v1.7')
  assert.ok(agent.name !== '' && agent.version !== '')
  assert.deepEqual(
    steps.map(({ step_id }) => step_id),
    steps.map((_, i) => i + 1),
  )
  assert.equal(final_metrics.total_steps, steps.length)
  for (const step of steps) {
    assert.ok(!Number.isNaN(Date.parse(step.timestamp)))
    assert.equal(typeof step.message, 'string')
    if (step.source !== 'agent') assert.ok(!step.tool_calls && step.llm_call_count === undefined)
    const ids = step.tool_calls?.map(({ tool_call_id: id }) => id) ?? []
    for (const { source_call_id: id } of step.observation?.results ?? []) assert.ok(ids.includes(id), id)
  }
}

describe('trajectories', () => {
  test('words, call and result are one step; the claim is the last', async () => {
    const [one] = await trajectoriesOf([{ transcript: talk('look') }])
    assert.ok(one)
    assertAtif(one)
    assert.deepEqual(
      one.steps.map(({ source, message }) => [source, message.slice(0, 20)]),
      [
        ['user', 'etcd/member_down/etc'],
        ['agent', 'look'],
        ['agent', '{"status":"fixed","r'],
      ],
    )
    const [, step] = one.steps
    assert.deepEqual(step?.tool_calls, [
      { tool_call_id: 'call-1', function_name: 'shell', arguments: { command: 'look', reasoning: 'look' } },
    ])
    assert.deepEqual(step?.observation?.results, [
      {
        source_call_id: 'call-1',
        content: 'look',
        extra: { exit_code: 0, duration_ms: 3, timed_out: false },
      },
    ])
    assert.equal(one.agent.model_name, 'anthropic:claude-opus-5-5')
    assert.deepEqual([one.extra.trial, one.extra.outcome], ['t1', 'resolved'])
  })

  test('what a turn consumed stands with its step', async () => {
    const usage = { tokensIn: 900, tokensOut: 40, tokensCached: 700, costUsd: 0.002 }
    const [thought, call, ...rest] = talk('look')
    assert.ok(thought && call)
    const [one] = await trajectoriesOf([{ transcript: [{ ...thought, meta: { usage } }, call, ...rest] }])
    assert.deepEqual(
      one?.steps.map(({ metrics }) => metrics),
      [
        undefined,
        { prompt_tokens: 900, completion_tokens: 40, cached_tokens: 700, cost_usd: 0.002 },
        undefined,
      ],
    )
  })

  test('hostile words stay as they were said', async () => {
    const [one] = await trajectoriesOf([{ transcript: talk() }])
    assert.ok(one)
    assertAtif(one)
    assert.equal(one.steps[1]?.observation?.results[0]?.content, hostile.toWellFormed())
  })

  test('every session has its own, numbered within the trial, with its own steps', async () => {
    const sessions = [session({ id: 's2', startedAt: 1_009_000 }), session({ id: 's1' })]
    const transcript = [...talk('first'), ...talk('second').map((one) => ({ ...one, sessionId: 's2' }))]
    const both = await trajectoriesOf([{ record: { sessions }, transcript }])
    for (const one of both) assertAtif(one)
    assert.deepEqual(
      both.map(({ trajectory_id, session_id, steps }) => [trajectory_id, session_id, steps[1]?.message]),
      [
        ['t1-1', 's1', 'first'],
        ['t1-2', 's2', 'second'],
      ],
    )
  })

  test('a fixed procedure asked no model, and what a price is unknown of costs not 0', async () => {
    const [runbook, dear] = await trajectoriesOf([
      { record: { sessions: [session({ agent: 'runbook', model: null })] }, transcript: talk('x') },
      { record: { sessions: [session({ costUsd: null })] }, transcript: talk('x') },
    ])
    assert.deepEqual(
      runbook?.steps.map(({ llm_call_count: calls }) => calls),
      [undefined, 0, 0],
    )
    assert.equal(runbook?.final_metrics.total_prompt_tokens, undefined)
    assert.equal(dear?.final_metrics.total_cost_usd, undefined)
    assert.equal(dear?.final_metrics.total_prompt_tokens, 1)
  })

  test('a session that was cut short ends with why, and a call without a result has none', async () => {
    const transcript = [
      entry('tool_call', 'sleep 99', { meta: { call: 1 } }),
      entry('reasoning', 'hm'),
      entry('error', 'killed'),
    ]
    const [one] = await trajectoriesOf([{ transcript }])
    assert.ok(one)
    assertAtif(one)
    assert.deepEqual(
      one.steps.map(({ source, message, observation }) => [source, message, observation]).slice(1),
      [
        ['agent', '', undefined],
        ['agent', 'hm', undefined],
        ['system', 'killed', undefined],
      ],
    )
  })

  test('a trial without an agent has none', async () => {
    assert.deepEqual(await trajectoriesOf([{ spec: { baseline: true }, record: { sessions: [] } }]), [])
  })
})
