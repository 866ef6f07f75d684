// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells have them too
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Rng, rngFrom } from '../../core/rng.ts'
import { cautionOf } from './accuracy.ts'
import { classify, effectOf } from './classify.ts'
import { evasions, reads } from './labelled.ts'
import { awkOnlyPrints } from './programs/awk.ts'
import { sedOnlyPrints } from './programs/sed.ts'

const caution = cautionOf(evasions(), reads(), classify)

test('no evasion is taken for harmless', () => {
  assert.ok(evasions().length >= 150, `${evasions().length}`)
  assert.deepEqual(caution.missed, [])
})

test('few commands that only look are taken for unknown', () => {
  assert.ok(reads().length >= 150, `${reads().length}`)
  assert.ok((caution.unknown.share ?? 1) < 0.05, caution.doubted.join('\n'))
})

test('what cannot be seen in a line hides nothing of it', () => {
  for (const end of ['\u001b[2J', '\0', '\r', '\u200b', '\ue004'])
    assert.equal(classify(`rm -rf /data # ${end}`).class, 'destructive', JSON.stringify(end))
})

test('unknown is a change that is not called one', () => {
  assert.equal(effectOf(classify('./x')), 'unknown')
  assert.equal(effectOf(classify('svc status')), 'none')
  assert.equal(effectOf(classify('sleep 1')), 'none')
  assert.equal(effectOf(classify('svc start a')), 'changes')
  assert.equal(effectOf(classify('rm /x')), 'destructive')
})

suite('one unsafe fragment among safe ones', () => {
  const unsafe = [
    'reboot',
    './x',
    'svc stop a',
    '$cmd',
    'rm -rf /d',
    'python3 /tmp/x',
    '. /tmp/x',
    'eval "$x"',
    'tee /etc/x',
    'frob',
    'PATH=/tmp:$PATH',
    'LD_PRELOAD=/tmp/x ls',
    'alias ls=rm',
    'echo x > /etc/x',
    'sort -o /etc/x /tmp/a',
    'ip -b /tmp/b',
    'curl -K /tmp/k',
    'let "a[$(reboot)]"',
    'ls() { reboot; }',
    'enable -f /tmp/x y',
    'echo "${!x}"',
    'ls $(reboot)',
  ]
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
  // What is between them runs all of them, or may.
  const around: ((text: string) => string)[] = [
    (text) => `( ${text} )`,
    (text) => `{ ${text}\n}`,
    (text) => `if true; then ${text}\nfi`,
    (text) => `if ${text}\nthen echo ok; fi`,
    (text) => `while ${text}\ndo sleep 1; done`,
    (text) => `for i in 1 2; do ${text}\ndone`,
    (text) => `echo "$(${text}\n)"`,
    (text) => `cat <(${text}\n)`,
    (text) => `f() { ${text}\n}; f`,
    (text) => `case a in a) ${text}\n;; esac`,
    (text) => `bash -c ${quoted(text)}`,
    (text) => `timeout 5 sh -c ${quoted(text)}`,
    (text) => `ssh node-1 ${quoted(text)}`,
    (text) => `svc exec etcd-1 -- sh -c ${quoted(text)}`,
    (text) => `eval ${quoted(text)}`,
    (text) => `bash <<'SCRIPT'\n${text}\nSCRIPT`,
    (text) => `${text}\n! true`,
  ]
  const safe = reads().filter((command) => !/\n|<</.test(command))
  const joined = (rng: Rng, parts: readonly string[]) =>
    parts.reduce((line, part) => line + rng.pick(['; ', ' && ', ' || ', '\n', ' & ']) + part)
  const line = (rng: Rng, fragments: readonly string[]): string => {
    const parts = [...Array.from({ length: rng.int(4) }, () => rng.pick(safe)), ...fragments]
    const shuffled = parts.map((part) => ({ part, at: rng.int(1_000) })).sort((a, b) => a.at - b.at)
    let text = joined(
      rng,
      shuffled.map(({ part }) => part),
    )
    for (let depth = rng.int(4); depth > 0; depth--) text = rng.pick(around)(text)
    return text
  }

  test('never comes out as harmless', () => {
    const rng = rngFrom(3)
    for (let i = 0; i < 4_000; i++) {
      const text = line(rng, [rng.pick(unsafe)])
      assert.ok(classify(text).changes, text)
    }
  })

  test('an option that nobody knows makes any program unknown', () => {
    const rng = rngFrom(4)
    const options = ['--frobnicate', '--frobnicate=/etc/x', '$unknown', '$(cat /tmp/x)']
    const programs =
      'sort uniq curl wget ip tc ss openssl tar git find etcdctl redis-cli pd-ctl kubectl docker systemctl journalctl dmesg tcpdump psql mysql iptables nft sysctl date hostname xxd tree yq timeout sudo ssh xargs env'
    for (const program of programs.split(' '))
      for (const option of options) {
        const text = line(rng, [`${program} ${option} a`])
        assert.ok(classify(text).changes, text)
      }
  })
})

suite('what a shell and a person read differently', () => {
  const cases = [
    'ls\u00a0/tmp',
    'ls\u200b',
    'ls \u202e',
    'ls\r\n',
    'ls\0',
    'ls \u001b[2K',
    'ls \ue000',
    'ls\u2028rm /x',
    '\ufeffls',
  ]
  for (const command of cases) test(JSON.stringify(command), () => assert.ok(classify(command).changes))
})

suite('time and depth', () => {
  const long = 100_000
  const cases: Record<string, string> = {
    words: 'ls a '.repeat(long / 5),
    commands: 'ls;'.repeat(10_000),
    brackets: '('.repeat(30_000),
    braces: '{ '.repeat(15_000),
    'brace expansions': '{a,b}'.repeat(6_000),
    substitutions: '$('.repeat(15_000),
    backticks: '`'.repeat(30_000),
    parameters: '${a:-'.repeat(6_000),
    arithmetic: `echo $((${'('.repeat(15_000)}`,
    tests: `[[ ${'( '.repeat(15_000)}`,
    negations: '! '.repeat(15_000),
    pipes: 'ls |'.repeat(8_000),
    heredocs: 'cat <<E\n'.repeat(4_000),
    quotes: `echo ${'"\''.repeat(15_000)}`,
    loops: `${'while true; do x=$x; '.repeat(15)}ls${'; done'.repeat(15)}`,
    awk: `awk '${'/'.repeat(30_000)}'`,
    'awk brackets': `awk '${'('.repeat(15_000)}${')'.repeat(15_000)}'`,
    sed: `sed '${'s/[/'.repeat(8_000)}'`,
    sql: `psql -c 'select ${'('.repeat(30_000)}'`,
    functions: `${'f() { '.repeat(2_000)}ls${'; }'.repeat(2_000)}`,
    recursion: 'f() { f; f; f; }; f',
  }
  for (const [name, command] of Object.entries(cases))
    test(name, () => {
      const before = process.cpuUsage()
      classify(command)
      const { user, system } = process.cpuUsage(before)
      assert.ok(user + system < 1_000_000, `${(user + system) / 1000} ms`)
    })
  test('what is too long is unknown', () => {
    assert.equal(effectOf(classify('ls '.repeat(long / 3))), 'unknown')
  })
})

test('scripts of awk that only print', () => {
  const yes = [
    '{print $1}',
    '$3 > 100 {print}',
    '/a|b/ {n++} END {print n}',
    '{print $1 > "/dev/stderr"}',
    '$1 ~ /x|y/ || $2',
    'BEGIN{FS=","} {s+=$2/1024} END{printf "%.1f\\n", s}',
  ]
  const no = [
    '{print > "f"}',
    '{print > $1}',
    '{print | "sh"}',
    '{print(1) > "f"}',
    'BEGIN{system("x")}',
    '{"x" | getline}',
    'BEGIN{@f()}',
    '{a / b | "sh" / c}',
    '{printf "%s", 1 >> "f"}',
    '{print $1 > f}',
  ]
  for (const script of yes) assert.ok(awkOnlyPrints(script), script)
  for (const script of no) assert.ok(!awkOnlyPrints(script), script)
})

test('scripts of sed that only print', () => {
  const yes = [
    '1,5p',
    '/a/,/b/p',
    '$!d',
    's/a/b/g',
    's|a|b|',
    '/x/{s/a/b/;p}',
    's/[^0-9.]//g',
    '5q',
    '/a/I!d',
    's/\\/x/y/',
    'y/ab/cd/',
    '/^#/d;/^$/d',
    '0~3p',
  ]
  const no = [
    'w f',
    '1w f',
    's/a/b/w f',
    's/a/b/e',
    's/a/b/gw f',
    'e rm',
    '1e',
    'W f',
    'r f',
    's/a',
    '%x%p',
    '/a/e',
    'p;e',
    '{p;w f\n}',
    's/a/b/ge',
  ]
  for (const script of yes) assert.ok(sedOnlyPrints(script), script)
  for (const script of no) assert.ok(!sedOnlyPrints(script), script)
})
