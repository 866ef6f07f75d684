import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { chaosTypes } from '../src/chaos/faults.ts'
import { BadInput } from '../src/core/errors.ts'
import { readCampaign } from '../src/eval/campaign/file.ts'
import { readVariants, variantNamed } from '../src/eval/campaign/variant-file.ts'
import { home } from './standins/eval-runs.ts'
import { until } from './standins/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'files-'))
after(() => rmSync(folder, { recursive: true }))

const campaign = `name: first
subjects: [etcd]
chaos_types:
  - type: node_kill
    target: random
  - type: latency
    params: {min_ms: 20}
variants: [default, terse]
trials_per_combination: 2
parallel: 2
limits:
  cost_usd: 3
`
const variant = `name: mine
agent: llm
model: anthropic:claude-haiku-4-5
system_prompt: |
  Be brief.
tools_config:
  tool_choice: auto
  enabled_tools: [shell]
limits:
  turns: 20
  cost_usd: 0.5
`
const known = { subjects: ['etcd'], chaosTypes, variants: ['default', 'terse'] }
const read = {
  campaign: (path: string) => readCampaign(path, known),
  variant: (path: string) => variantNamed(path, []),
}

let files = 0
function fileOf(content: string | Uint8Array): string {
  const path = join(folder, `${++files}.yaml`)
  writeFileSync(path, content)
  return path
}

/** What is wrong, and where: line, column and key at the start of a line of the message, and what it says. */
type Fault = [content: string | Uint8Array, where: RegExp, says: RegExp]
const replaced = (text: string, part: string, by: string): string => {
  assert.ok(text.includes(part), part)
  return text.replace(part, by)
}
const c = (part: string, by: string) => replaced(campaign, part, by)
const v = (part: string, by: string) => replaced(variant, part, by)

const campaigns: Record<string, Fault> = {
  empty: ['', /1:1 \(the file\):/, /expected object/i],
  'only a remark': ['# nothing\n', /1:1 \(the file\):/, /expected object/i],
  'a list': ['- a\n- b\n', /1:1 \(the file\):/, /expected object/i],
  'a word': ['campaign', /1:1 \(the file\):/, /expected object/i],
  'cut off in a list': [campaign.slice(0, campaign.indexOf('terse')), /8:/, /./],
  'cut off in a map': [campaign.slice(0, campaign.indexOf('20}')), /7:/, /./],
  'cut off after half': [
    campaign.slice(0, campaign.indexOf('chaos_types')),
    /1:1 chaos_types:/,
    /expected array/i,
  ],
  'without a name': [c('name: first\n', ''), /1:1 name:/, /expected string/i],
  'an unknown key': [
    c('parallel:', 'paralel:'),
    /10:1 paralel:/,
    /unknown key; known: name, plugins, subjects, chaos_types/,
  ],
  'an unknown key further in': [
    c('cost_usd', 'cost'),
    /12:3 limits\.cost:/,
    /known: trial_minutes, campaign_minutes, cost_usd/,
  ],
  'half a load': [
    c('limits:', 'load: {clients_per_node: 2}\nlimits:'),
    /11:1 load\.ops_per_client:/,
    /expected number/i,
  ],
  'an unknown key of a fault': [
    c('target', 'targets'),
    /5:5 chaos_types\.0\.targets:/,
    /known: type, params, target/,
  ],
  'an unknown parameter': [
    c('min_ms', 'delay_ms'),
    /7:14 chaos_types\.1\.params\.delay_ms:/,
    /known: min_ms, max_ms, peer/,
  ],
  'an unknown subject': [c('[etcd]', '[etdc]'), /2:12 subjects\.0:/, /unknown subject; known: etcd/],
  'an unknown chaos type': [
    c('node_kill', 'node_killl'),
    /4:5 chaos_types\.0\.type:/,
    /unknown chaos type; known: .*node_kill/,
  ],
  'a chaos type named as what every object has': [
    c('node_kill', 'constructor'),
    /4:5 chaos_types\.0\.type:/,
    /unknown chaos type/,
  ],
  'an unknown variant': [
    c('terse', 'verbose'),
    /8:21 variants\.1:/,
    /unknown variant; known: default, terse/,
  ],
  'variant and variants': [`variant: terse\n${campaign}`, /1:1 variant:/, /not both/],
  'a number that is a text': [c('parallel: 2', 'parallel: two'), /10:1 parallel:/, /expected number/i],
  'a number that is too large': [c('parallel: 2', 'parallel: 200'), /10:1 parallel:/, /<=64/],
  'a number that is negative': [c('cost_usd: 3', 'cost_usd: -3'), /12:3 limits\.cost_usd:/, />0/],
  'a number that is none': [c('parallel: 2', 'parallel: .nan'), /10:1 parallel:/, /number/i],
  'half a trial': [c('combination: 2', 'combination: 1.5'), /9:1 trials_per_combination:/, /int/],
  'a list that is a text': [c('[etcd]', 'etcd'), /2:1 subjects:/, /expected array/i],
  'an empty list': [c('[etcd]', '[]'), /2:1 subjects:/, />=1/],
  'a map that is a list': [c('{min_ms: 20}', '[20]'), /7:5 chaos_types\.1\.params:/, /expected record/i],
  'a parameter of the wrong type': [
    c('min_ms: 20', 'min_ms: fast'),
    /7:14 chaos_types\.1\.params\.min_ms:/,
    /./,
  ],
  'a parameter with its unit': [
    c('min_ms: 20', 'min_ms: 20ms'),
    /7:14 chaos_types\.1\.params\.min_ms:/,
    /a number: ms from 1 to 10000/,
  ],
  'a variant twice': [c('default, terse', 'terse, terse'), /8:19 variants\.1:/, /'terse' is named twice/],
  'a subject twice': [c('[etcd]', '[etcd, etcd]'), /2:18 subjects\.1:/, /'etcd' is named twice/],
  'a fault beside itself': [
    c('target: random', 'with: [{type: pause}, {type: pause}]'),
    /5:28 chaos_types\.0\.with\.1\.type:/,
    /pause is there already/,
  ],
  'two targets of damage that takes one node': [
    c('node_kill\n    target: random', 'bad_config\n    target: etcd-1,etcd-2'),
    /5:5 chaos_types\.0\.target:/,
    /takes one node; choose etcd-1 or etcd-2/,
  ],
  'the same beside another fault': [
    c('target: random', 'with: [{type: network_partition, params: {mode: pairs}, target: "etcd-1, etcd-2"}]'),
    /5:61 chaos_types\.0\.with\.0\.target:/,
    /takes one node; choose etcd-1 or etcd-2/,
  ],
  null: [c('name: first', 'name:'), /1:1 name:/, /expected string/i],
  'a key twice': [`${campaign}name: again\n`, /13:1/, /unique/],
  'tabs for indentation': [c('  - type: node_kill', '\t- type: node_kill'), /4:1/, /tab/i],
  'a bracket that is left open': [c('[etcd]', '[etcd'), /[23]:/, /./],
  'a quote that is left open': [c('first', '"first'), /\d+:\d+/, /quote/],
  'two documents': [`${campaign}---\n${campaign}`, /13:1/, /allowed: one document in a file/],
  'an anchor in itself': [c('[etcd]', '&all [*all]'), /2:17 aliases:/, /circular/i],
  'an anchor that is none': [c('[etcd]', '[*none]'), /2:12 aliases:/, /Unresolved alias/],
  'a billion laughs': [laughs(), /1:1 aliases:/, /alias/i],
  'a tag for code': [c('first', '!!js/function "process.exit()"'), /1:7/, /tag/i],
}

const variants: Record<string, Fault> = {
  'bytes that are no text': [Uint8Array.from([0xff, 0xfe, 0x00, 0x80]), /1:1/, /not UTF-8 text/],
  'a program': [Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0x02, 0x00, 0xc3, 0x28]), /1:1/, /not UTF-8 text/],
  'a control character': ['name: mi\u0000ne\n', /1:1 name:/, /allowed: lower-case letters/],
  'deep nesting': [v('[shell]', '['.repeat(3_000) + ']'.repeat(3_000)), /8:/, /nested too deeply/],
  'deeper nesting': [v('[shell]', '['.repeat(30_000) + ']'.repeat(30_000)), /8:/, /nested too deeply/],
  'an unknown key': [
    v('system_prompt', 'prompt'),
    /4:1 prompt:/,
    /known: name, agent, command, run_as, model, context_tokens, output_tokens, system_prompt/,
  ],
  'an unknown tool': [v('[shell]', '[browser]'), /8:19 tools_config\.enabled_tools\.0:/, /shell/],
  'an unknown choice': [v('auto', 'always'), /7:3 tools_config\.tool_choice:/, /auto.*required/],
  'an unknown kind of agent': [v('agent: llm', 'agent: gpt'), /2:1 agent:/, /llm.*runbook.*nop.*command/],
  'an unknown provider': [v('anthropic:', 'acme:'), /3:1 model:/, /allowed are anthropic:MODEL/],
  'an unknown limit': [v('turns', 'steps'), /10:3 limits\.steps:/, /known: turns, session_minutes/],
  'the name of those without an agent': [
    v('mine', 'baseline'),
    /1:1 name:/,
    /what trials without an agent are called/,
  ],
  'a name for a path': [v('mine', '../../mine'), /1:1 name:/, /allowed: lower-case letters/],
  'a model for the runbook': [
    v('agent: llm', 'agent: runbook'),
    /3:1 model:/,
    /only a model heeds that; agent is 'runbook'/,
  ],
  'a command without a program': ['name: a\nagent: command\n', /1:1 command:/, /needed/],
  'a command that is a text': [
    'name: a\nagent: command\ncommand: ./a.sh\n',
    /3:1 command:/,
    /expected array/i,
  ],
  'a command for the model': [`${variant}command: [a]\n`, /12:1 command:/, /only with 'agent: command'/],
  'money for a command': [
    'name: a\nagent: command\ncommand: [a]\nlimits: {cost_usd: 1}\n',
    /4:10 limits\.cost_usd:/,
    /cannot be seen/,
  ],
  'required, and nothing to call': [
    v('auto', 'required').replace('[shell]', '[]'),
    /7:3 tools_config\.tool_choice:/,
    /needs a tool/,
  ],
  'no turn at all': [v('turns: 20', 'turns: 0'), /10:3 limits\.turns:/, />=1/],
  'an empty prompt': [v('|\n  Be brief.', '""'), /4:1 system_prompt:/, />=1/],
  'a limit without end': [`${variant}  session_minutes: .inf\n`, /12:3 limits\.session_minutes:/, /number/i],
}

function laughs(): string {
  const lines = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`)
  return `l0: &l0 [ha]\n${lines.join('\n')}\n`
}

function refused(path: string, kind: keyof typeof read, where: RegExp, says: RegExp): void {
  assert.throws(
    () => read[kind](path),
    (error) => {
      assert.ok(error instanceof BadInput, String(error))
      const lines = error.message.split('\n')
      const own = lines.map((line) => (line.startsWith(`${path}:`) ? line.slice(path.length + 1) : ''))
      assert.ok(own.every(Boolean), `every line begins with the file: ${error.message.slice(0, 300)}`)
      const place = new RegExp(`^${where.source}`)
      assert.ok(
        own.some((line) => place.test(line) && says.test(line)),
        error.message.slice(0, 600),
      )
      assert.ok(error.message.length < 4_000, `${error.message.length} characters`)
      return true
    },
  )
}

describe('a file that cannot be is refused with file, line and key', () => {
  for (const [what, [content, where, says]] of Object.entries(campaigns))
    test(`campaign: ${what}`, () => refused(fileOf(content), 'campaign', where, says))
  for (const [what, [content, where, says]] of Object.entries(variants))
    test(`variant: ${what}`, () => refused(fileOf(content), 'variant', where, says))

  const size = 2 ** 20 + 1
  const unreadable: Record<string, [path: () => string, says: RegExp]> = {
    'too large': [() => fileOf(`${campaign}#${'x'.repeat(size)}`), / \d+ bytes; allowed: up to 1048576/],
    missing: [() => join(folder, 'nowhere.yaml'), / cannot be read: ENOENT/],
    'a folder': [() => folder, / cannot be read: EISDIR/],
    'below a file': [() => join(fileOf(''), 'a.yaml'), / cannot be read: ENOTDIR/],
    'a device': [() => '/dev/zero', / cannot be read: not a file/],
  }
  for (const [what, [path, says]] of Object.entries(unreadable))
    for (const kind of ['campaign', 'variant'] as const)
      test(`${kind}: ${what}`, () => refused(path(), kind, says, says))
})

test('what a file may have that is unusual', () => {
  const expected = read.campaign(fileOf(campaign))
  for (const text of [
    `\ufeff${campaign}`,
    campaign.replaceAll('\n', '\r\n'),
    `---\n${campaign}...\n`,
    JSON.stringify(expected),
    c('[etcd]', '&s [etcd] # all'),
  ])
    assert.deepEqual(read.campaign(fileOf(text)), expected)
  assert.deepEqual(
    read.variant(fileOf(variant)),
    read.variant(fileOf(`\ufeff${variant.replaceAll('\n', '\r\n')}`)),
  )
})

test('two variants of one name in a folder, and a folder with one that is broken', () => {
  const twice = mkdtempSync(join(folder, 'twice-'))
  for (const name of ['a', 'b']) writeFileSync(join(twice, `${name}.yaml`), 'name: same\n')
  assert.throws(() => readVariants([twice]), /b\.yaml: name: 'same' is the name of .*a\.yaml, too/)
  const broken = mkdtempSync(join(folder, 'broken-'))
  mkdirSync(join(broken, 'folder.yaml'))
  assert.throws(() => readVariants([broken]), /folder\.yaml: cannot be read/)
})

test('the command line says the same, with exit code 2 and no stack', async () => {
  using place = home()
  const said = async (...argv: string[]) => {
    await using running = place.start(...argv)
    // What is not refused may well run on.
    await until(`${argv.join(' ')} ends`, () => running.child.exitCode !== null, 30_000)
    await running.ended
    const stderr = running.stderr()
    assert.equal(running.child.exitCode, 2, stderr)
    assert.equal(running.stdout(), '')
    assert.doesNotMatch(stderr, /^\s+at |node:internal/m)
    return stderr
  }
  const bad = fileOf(c('[etcd]', '&all [*all]'))
  const own = mkdtempSync(join(folder, 'own-'))
  writeFileSync(join(own, 'mine.yaml'), v('turns', 'steps'))
  const run = ['eval', 'run', 'campaign']
  const watch = ['monitor', 'run', '--subject', 'etcd', '--endpoints', 'a=http://127.0.0.1:1', '--variant']
  const all = await Promise.all([
    said(...run, bad, '--dry-run'),
    said(...run, folder),
    said(...run, fileOf(campaign), '--variants-dir', own),
    said('eval', 'list-variants', '--variants-dir', own),
    said(...watch, join(own, 'mine.yaml')),
    said(...watch, '{"name": "a", "turns": 3}'),
    said(...watch, 'tarse'),
    said(...watch, '{"name": "baseline"}'),
    said(
      ...run,
      fileOf(c('target: random', 'target: etcd-9').replace('default, terse', 'default')),
      '--dry-run',
    ),
    said(...run, fileOf(c('first', '!!\u009b31m x')), '--dry-run'),
  ])
  assert.ok(all[0]?.startsWith(`operator: ${bad}:2:17 aliases:`), all[0])
  assert.match(all[1] ?? '', /cannot be read: EISDIR/)
  for (const at of [2, 3, 4])
    assert.match(all[at] ?? '', /own-\w+\/mine\.yaml:10:3 limits\.steps: unknown key; known: turns/)
  assert.match(all[5] ?? '', /--variant:1:15 turns: unknown key; known: name, agent/)
  assert.match(all[6] ?? '', /no variant 'tarse'; known: .*terse/)
  assert.match(all[7] ?? '', /--variant:1:2 name: 'baseline' is what trials without an agent are called/)
  assert.match(all[8] ?? '', /\.yaml:4:5 chaos_types\.0: node_kill: .*etcd-9/)
  // Nothing in a file may drive the terminal that shows the fault.
  assert.doesNotMatch(all[9] ?? '', /\p{Cc}(?<!\n)/u)
})
