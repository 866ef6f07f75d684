import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { operator as start } from './standins/operator.ts'

const folder = mkdtempSync(join(tmpdir(), 'plugins in a folder with spaces-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const sdk = JSON.stringify(join(import.meta.dirname, '../src/sdk/index.ts'))

/** A plugin's file, relative to `folder`. */
function plugin(name: string, text: string): string {
  writeFileSync(join(folder, name), `import * as sdk from ${sdk}\n${text}`)
  return `./${name}`
}

const still = `name: 'still', title: 'does not move', prompt: 'Look.', invariants: [], connect: () => ({})`
const topology = `topology: () => ({ subject: 'still', programs: [], nodes: [{ name: "still-1" }] })`
const subject = plugin('still.ts', `export const still = sdk.defineSubject({ ${still}, ${topology} })`)
const agent = plugin(
  'shrug.mts',
  `export default [sdk.defineAgent({ name: 'shrug', description: 'shrugs', work: async () => ({}) })]`,
)

/** Runs a verb to its end, with its database elsewhere than a person's. */
async function operator(...argv: string[]) {
  await using running = start(argv, { OPERATOR_HOME: folder }, (whole) => ['env', '-C', folder, ...whole])
  const { exitCode } = await running.ended
  return { exitCode, stdout: running.stdout(), stderr: running.stderr() }
}

suite('what plugins define stands in help, lists and checks', () => {
  test('a subject', async () => {
    const { stdout } = await operator('--plugin', subject, 'lab', 'up', '--help')
    assert.match(stdout, /etcd, tikv, still/)
  })

  test('a kind of agent', async () => {
    const variant = '{"name":"s","agent":"shrug"}'
    const run = ['eval', 'run', '--subject', 'etcd', '--chaos', 'nonsense', '--variant', variant]
    const without = await operator(...run)
    assert.equal(without.exitCode, 2)
    assert.match(without.stderr, /unknown kind of agent; known: llm, runbook, nop, command\b/)
    const within = await operator(`--plugin=${agent}`, ...run)
    assert.match(within.stderr, /nonsense/)
  })

  test('in a campaign, from its own folder', async () => {
    writeFileSync(
      join(folder, 'campaign.yaml'),
      `name: x\nplugins: [./still.ts]\nsubjects: [still]\nchaos_types: [{type: nonsense}]\n`,
    )
    const { stderr, exitCode } = await operator('eval', 'run', 'campaign', join(folder, 'campaign.yaml'))
    assert.equal(exitCode, 2)
    assert.match(stderr, /campaign\.yaml:4:16 chaos_types\.0\.type: unknown chaos type/)
    assert.doesNotMatch(stderr, /unknown subject/)
  })
})

test('a subject without a runbook is refused before anything starts, with the ways on', async () => {
  const run = ['eval', 'run', '--subject', 'still', '--chaos', 'none', '--agent', 'runbook']
  const { stderr, exitCode } = await operator('--plugin', subject, ...run)
  assert.equal(exitCode, 2)
  assert.match(stderr, /still has no runbook.*ANTHROPIC_API_KEY.*agent: command.*--baseline/s)
})

test('a subject without a workload is refused before anything starts, in a campaign, too', async () => {
  const run = ['eval', 'run', '--subject', 'still', '--chaos', 'none', '--baseline']
  const { stderr, exitCode } = await operator('--plugin', subject, ...run)
  assert.equal(exitCode, 2)
  assert.match(stderr, /still has no workload.*docs\/add-a-subject\.md/s)
  const chaos = 'chaos_types: [{type: none}]\nvariants: [nop]'
  writeFileSync(join(folder, 'no-load.yaml'), `name: x\nplugins: [./still.ts]\nsubjects: [still]\n${chaos}\n`)
  const campaign = await operator('eval', 'run', 'campaign', join(folder, 'no-load.yaml'))
  assert.equal(campaign.exitCode, 2)
  assert.match(campaign.stderr, /still has no workload/)
})

suite('a plugin that cannot be used is refused with the reason', () => {
  const cases: [string, string, RegExp][] = [
    ['is not there', './nowhere.ts', /--plugin \.\/nowhere\.ts: there is no such file/],
    [
      'is no package here',
      'nowhere',
      /no such package in .*; install it there, or give a file: \.\/nowhere\.ts/,
    ],
    ['exports nothing', plugin('empty.ts', 'export const x = 1'), /exports nothing that defineSubject/],
    ['cannot be read', plugin('syntax.ts', 'export const ='), /cannot be loaded: .*/],
    ['throws', plugin('throws.ts', 'throw new Error("no luck")'), /cannot be loaded: no luck/],
    [
      'takes a name',
      plugin('taken.ts', `export const a = sdk.defineSubject({ ${still}, name: 'etcd' })`),
      /there is a subject 'etcd' already/,
    ],
    [
      'has a name that cannot be typed',
      plugin('odd.ts', `export const a = sdk.defineSubject({ ${still}, name: 'A B' })`),
      /subject 'A B': allowed in a name/,
    ],
    [
      'is not whole',
      plugin('half.ts', `export const a = sdk.defineSubject({ name: 'half', title: '' } as never)`),
      /subject 'half'.*invariants/s,
    ],
  ]
  for (const [what, name, complaint] of cases)
    test(`it ${what}`, async () => {
      const { stderr, exitCode } = await operator('--plugin', name, 'lab', 'list')
      assert.match(stderr, complaint)
      assert.equal(exitCode, 2)
    })
})
