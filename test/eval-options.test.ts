import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { home } from './standins/eval-runs.ts'

const campaign = `
name: small
subjects: [etcd]
chaos_types: [{ type: node_kill }]
limits: { cost_usd: 1 }
`
const local = ['--agent', 'llm', '--model', 'openai-compatible:x', '--base-url', 'http://127.0.0.1:9/v1']

describe('eval run campaign: options that cannot be are refused, and nothing is started', () => {
  const wrong: [string[], RegExp][] = [
    [['FILE', '--fail-under', '90'], /allowed: a number from 0 to 1/],
    [['--resume', 'c1', '--dry-run'], /leave out --dry-run/],
    [
      ['--resume', 'c1', '--parallel', '2', '--agent', 'runbook'],
      /leave out (--parallel, --agent|--agent, .*--parallel)/,
    ],
    [['FILE', '--resume', 'c1'], /a file, or --resume c3/],
    [
      ['FILE', ...local, '--cost', 'none'],
      /limits\.cost_usd: what variant 'default' costs is not known: give the price/,
    ],
  ]
  for (const [args, says] of wrong)
    test(args.join(' '), async () => {
      using place = home()
      const file = join(place.path, 'small.yaml')
      writeFileSync(file, campaign)
      const { code, stdout, stderr } = await place.run(
        ...['eval', 'run', 'campaign', ...args.map((arg) => (arg === 'FILE' ? file : arg))],
      )
      assert.deepEqual([code, stdout], [2, ''], stderr)
      assert.match(stderr, says)
      assert.ok(!existsSync(place.evalDb), 'nothing is stored')
    })

  test('a price makes the limit one', async () => {
    using place = home()
    const file = join(place.path, 'small.yaml')
    writeFileSync(file, campaign)
    const { code, stderr } = await place.run(
      ...['eval', 'run', 'campaign', file, '--dry-run', ...local, '--price-in', '1', '--price-out', '2'],
    )
    assert.equal(code, 0, stderr)
  })
})
