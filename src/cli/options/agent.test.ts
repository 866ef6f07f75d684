import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Command } from 'commander'
import { BadInput, MachineLacks } from '../../core/errors.ts'
import { defaultLimits } from '../../core/work/limits.ts'
import { type AgentSettings, addAgentOptions, agentArgv, budgetsOf, chooseModel, limitsOf } from './agent.ts'

const parse = (...argv: string[]): AgentSettings =>
  addAgentOptions(new Command().exitOverride()).parse(argv, { from: 'user' }).opts<AgentSettings>()

describe('settings of an agent', () => {
  test('say what the limits are when nobody says anything', () => {
    assert.deepEqual(limitsOf(parse()), defaultLimits)
  })

  test('none is no limit', () => {
    const { costUsd, tokens } = limitsOf(parse('--cost', 'none', '--tokens', 'none'))
    assert.deepEqual({ costUsd, tokens }, { costUsd: null, tokens: null })
    assert.deepEqual(limitsOf(parse('--cost', '0.5', '--tokens', '9000')).tokens, 9000)
  })

  const some = ['--cost', 'none', '--tokens', '5', '--turns', '2', '--command-time', '1500ms']
  const provider = ['--base-url', 'http://127.0.0.1:1/v1', '--price-in', '1', '--price-out', '2']
  const bounds = [
    '--context-tokens',
    '4096',
    '--output-tokens',
    '500',
    '--cost-per-ticket',
    '1',
    '--cost-per-day',
    '2',
  ]
  const budgets = ['--tokens-per-ticket', '7', '--tokens-per-day', '9', '--cost-per-ticket', 'none']
  const cases = [
    [],
    some,
    provider,
    bounds,
    budgets,
    ['--session-time', '2m', '--model-patience', '3s', '--cost', '0'],
  ]
  for (const argv of cases)
    test(`reach a child process as they were: ${argv.join(' ') || 'the defaults'}`, () => {
      const settings = parse(...argv)
      assert.deepEqual(parse(...agentArgv(settings)), settings)
    })
})

test('a ticket may cost what its attempts may, unless somebody says otherwise', () => {
  assert.deepEqual(budgetsOf(parse()).ticket, { costUsd: 15, tokens: null })
  assert.deepEqual(budgetsOf(parse('--cost', 'none')).ticket, { costUsd: null, tokens: null })
  const said = budgetsOf(
    parse('--cost', 'none', '--cost-per-ticket', '2', '--tokens-per-day', '9', '--cost-per-day', '4'),
  )
  assert.deepEqual(said, { ticket: { costUsd: 2, tokens: null }, day: { costUsd: 4, tokens: 9 } })
})

describe('the model that works', () => {
  const without = (names: readonly string[], work: () => void) => {
    const kept = names.map((name) => [name, process.env[name]] as const)
    for (const name of names) delete process.env[name]
    try {
      work()
    } finally {
      for (const [name, value] of kept) if (value !== undefined) process.env[name] = value
    }
  }
  const keys = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN']

  test('without a key it is the runbook, which is said; insisting is an error that helps', () =>
    without(keys, () => {
      const said: string[] = []
      assert.equal(
        chooseModel(parse(), (remark) => said.push(remark)),
        null,
      )
      assert.match(said.join(), /ANTHROPIC_API_KEY.*--agent runbook/)
      assert.throws(() => chooseModel(parse('--agent', 'llm'), assert.fail), MachineLacks)
    }))

  test('a model whose price nobody knows is not limited by money', () => {
    const local = ['--model', 'openai-compatible:x', '--base-url', 'http://127.0.0.1:1/v1', '--agent', 'llm']
    assert.throws(() => chooseModel(parse(...local), assert.fail), BadInput)
    assert.throws(
      () => chooseModel(parse(...local, '--cost', 'none', '--cost-per-day', '3'), assert.fail),
      BadInput,
    )
    assert.equal(chooseModel(parse(...local, '--cost', 'none'), assert.fail)?.spec, 'openai-compatible:x')
    assert.ok(chooseModel(parse(...local, '--price-in', '1', '--price-out', '1'), assert.fail)?.priced)
  })
})
