import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Entry } from '../src/store/audit/audit.ts'
import { anthropicStandin, say } from './standins/anthropic.ts'
import { operator } from './standins/operator.ts'
import { evalHome, pastCampaign } from './standins/stored-trials.ts'

async function run(argv: readonly string[], env: Record<string, string> = {}) {
  await using verb = operator(['eval', 'commands', ...argv], env)
  const { exitCode } = await verb.ended
  return { exitCode, stdout: verb.stdout(), stderr: verb.stderr() }
}

/** The audit of a session that ran these, a second apart. */
const transcript = (...commands: string[]): Entry[] =>
  commands.flatMap((body, index) => {
    const common = { sessionId: 's', at: 1_000_000 + index * 1_000, summary: null }
    return [
      { ...common, seq: index * 2 + 1, kind: 'tool_call' as const, body, meta: { call: index } },
      {
        ...common,
        seq: index * 2 + 2,
        kind: 'tool_result' as const,
        body: '',
        meta: { call: index, exitCode: 0 },
      },
    ]
  })

test('the commands of a trial and of a campaign, with classes', async () => {
  await using home = evalHome()
  await pastCampaign(home.db, [
    {
      transcript: transcript(
        'svc status',
        'svc start etcd-2',
        'svc  status',
        'rm -rf /var/lib/etcd/\u001b[2Jx',
      ),
    },
    { transcript: transcript('svc status', 'echo "') },
  ])
  const db = ['--eval-db', home.path]

  const trial = await run(['t1', ...db])
  assert.equal(trial.exitCode, 0, trial.stderr)
  assert.match(
    trial.stdout,
    /4 commands, 3 unique, 0 thrashing; 2 diagnostic, 1 remediation, 1 destructive, 0 other/,
  )
  assert.match(trial.stdout, /^3\.0 +0 +destructive +rm -rf/m)
  assert.ok(!trial.stdout.includes('\u001b'), 'nothing drives the terminal')

  const campaign = await run(['c1', ...db])
  assert.match(campaign.stdout, /2 trials: 6 commands, 4 unique/)
  assert.match(campaign.stdout, /^1 +1 +destructive/m)
  assert.match(campaign.stdout, /^3 +2 +diagnostic +svc status/m)
  assert.match(campaign.stdout, /unknown \(unparsed\)/)

  const document = JSON.parse((await run(['c1', '--class', 'other', '--json', ...db])).stdout)
  assert.deepEqual(
    document.trials.map(({ id, commands }: { id: string; commands: object[] }) => [id, commands.length]),
    [
      ['t1', 0],
      ['t2', 1],
    ],
  )
  const few = await run(['c1', '--class', 'diagnostic', ...db])
  assert.match(few.stdout, /2 trials: 6 commands, 4 unique/, 'its figures are of all')
  assert.doesNotMatch(few.stdout, /rm -rf|svc start/)
  const [odd] = document.trials[1].commands
  assert.deepEqual([odd.command, odd.class, odd.changes, odd.parsed], ['echo "', 'other', true, false])
})

test('a model judges beside the rules, and is asked once', async () => {
  await using home = evalHome()
  await using server = await anthropicStandin((request) =>
    request.messages[0]?.content[0]?.text?.includes('rm -rf')
      ? say('{"class":"remediation","changes":true}')
      : say('no idea'),
  )
  await pastCampaign(home.db, [{ transcript: transcript('rm -rf /data', 'svc status') }])
  const env = { ANTHROPIC_API_KEY: 'sk-test', ANTHROPIC_BASE_URL: server.url }
  const argv = ['c1', '--eval-db', home.path, '--classify', 'model']
  const first = await run([...argv, '--json'], env)
  assert.equal(first.exitCode, 0, first.stderr)
  const { trials, agreement, model } = JSON.parse(first.stdout)
  assert.deepEqual(
    trials[0].commands.map((command: { model: unknown }) => command.model),
    [{ class: 'remediation', changes: true }, 'unscored'],
  )
  assert.deepEqual([agreement.commands, agreement.confusion.destructive.remediation], [1, 1])
  assert.deepEqual([model.asked, model.unscored], [2, 1])
  const second = await run(argv, env)
  assert.match(second.stderr, /1 of 2 commands asked now/)
  assert.match(second.stderr, /1 commands are unscored/)
  assert.match(second.stdout, /destructive +remediation +rm -rf/)
  assert.match(second.stdout, /diagnostic +unscored +svc status/)
  assert.match(second.stdout, /agree on 0\.0 % of 1/)
})

test('one line, and how well lines are classified', async () => {
  const line = await run(['classify', 'sudo rm -rf /data'])
  assert.match(line.stdout, /^destructive\n/)
  assert.match(line.stdout, /rm -rf \/data +rm: files are gone/)
  const { parts } = JSON.parse((await run(['classify', 'svc stop a', '--json'])).stdout)
  assert.equal(parts[0].class, 'remediation')

  const whole = JSON.parse((await run(['accuracy', '--json'])).stdout)
  for (const half of ['rules', 'held-out'])
    assert.ok(whole[half].rules.classes.destructive.recall.share > 0.9)
  const half = await run(['accuracy', '--half', 'held-out'])
  const printed = whole['held-out'].rules.right
  assert.ok(half.stdout.includes(`right for ${(printed.share * 100).toFixed(1)} % of ${printed.of}`))
  assert.doesNotMatch(half.stdout, /^rules,/m)
  const page = readFileSync(join(import.meta.dirname, '../docs/commands.md'), 'utf8')
  const figures = half.stdout.split('\n\nLABEL')[0] ?? ''
  assert.ok(page.includes(figures.trim()), 'docs/commands.md shows what is printed')
})

test('commands that you labelled yourself', async () => {
  await using home = evalHome()
  const file = `${home.path}.yaml`
  writeFileSync(file, 'diagnostic: [df -h]\ndestructive: [rm -rf /data, frobnicate]\n')
  const { commands, right, misses } = JSON.parse((await run(['accuracy', '--file', file, '--json'])).stdout)[
    file
  ].rules
  assert.deepEqual([commands, right.share, misses.length], [3, 2 / 3, 1])
  writeFileSync(file, 'diagnostic: [df -h]\nbad: [x]\n')
  const { exitCode, stderr } = await run(['accuracy', '--file', file])
  assert.equal(exitCode, 2)
  assert.match(stderr, /:2:1.*known: diagnostic, remediation/)
})

const wrong: [string, string[], number, RegExp][] = [
  ['no id', [], 2, /of which campaign or trial\?/],
  ['no id that can be', ['x1'], 2, /neither a campaign \(c1\) nor a trial \(t1\)/],
  ['no database', ['t1', '--eval-db', '/nowhere/eval.db'], 2, /there is no database/],
  ['another class', ['t1', '--class', 'bad'], 2, /allowed: diagnostic, remediation, destructive, other/],
  ['no key', ['accuracy', '--classify', 'model'], 3, /ANTHROPIC_API_KEY/],
  [
    'no model that can be',
    ['accuracy', '--classify', 'model', '--model', 'x'],
    2,
    /allowed are anthropic:MODEL/,
  ],
  ['half a line', ['classify'], 2, /missing required argument 'line'/],
]
for (const [name, argv, code, said] of wrong)
  test(`${name}: exit ${code}`, async () => {
    const { exitCode, stderr, stdout } = await run(argv)
    assert.deepEqual([exitCode, stdout], [code, ''])
    assert.match(stderr, said)
  })
