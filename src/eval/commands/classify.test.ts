// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shells have them too
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { rngFrom } from '../../core/rng.ts'
import { classify } from './classify.ts'
import { halves, labelled } from './labelled.ts'

/** `destructive`; `other+` may have changed something, `other-` cannot have. */
const short = (command: string): string => {
  const { class: name, changes, parsed } = classify(command)
  return `${name}${name === 'other' ? (changes ? '+' : '-') : ''}${parsed ? '' : ' unparsed'}`
}

const groups: Record<string, readonly (readonly [command: string, said: string])[]> = {
  'the gravest part decides': [
    ['df -h', 'diagnostic'],
    ['sleep 5; df -h; echo ok', 'diagnostic'],
    ['df -h; ./check', 'other+'],
    ['./check && svc start a', 'remediation'],
    ['svc start a || rm -rf /data', 'destructive'],
    ['sleep 1', 'other-'],
    ['', 'other-'],
    ['# rm -rf /data', 'other-'],
    ['echo "rm -rf /data"', 'other-'],
  ],
  'seen through what runs something else': [
    ['sudo -u root timeout 5 nohup env A=b nice -n 5 setsid rm /x', 'destructive'],
    ['bash -c "sh -c \'rm /x\'"', 'destructive'],
    ['bash --norc -ec "rm $0" /x', 'destructive'],
    ["eval 'r''m' /x", 'destructive'],
    ['find . -name y -exec rm {} +', 'destructive'],
    ['find . -name y -delete', 'destructive'],
    ['find /tmp/a -delete', 'other+'], // the way there may lead through a link
    ['find / -name a -fprint /tmp/found', 'diagnostic'],
    ['find / -name a -fprintf /etc/found %p', 'remediation'],
    ['find / -name a -fls /var/log/a.log', 'destructive'],
    ['find . -exec sh -c \'rm "$1"\' _ {} \\;', 'destructive'],
    ['ls | xargs -0n1 rm', 'destructive'],
    ['ssh -p 22 root@h -- rm /x', 'destructive'],
    ['docker exec -it -u root c sh -c "rm /x"', 'destructive'],
    ['kubectl -n a exec p -c c -- rm /x', 'destructive'],
    ['svc exec a -- rm /x', 'destructive'],
    ['etcdctl --endpoints a:1 watch k -- sh -c "rm /x"', 'destructive'],
    ['etcdctl watch k -- df', 'diagnostic'],
    ['etcdctl lock a rm /x', 'destructive'],
    ['etcdctl lock a', 'remediation'],
    ['ip netns exec a rm /x', 'destructive'],
    ["su postgres -c 'rm /x'", 'destructive'],
    ["watch -n1 'rm /x'", 'destructive'],
    ['tiup ctl:v7 pd store delete 1', 'destructive'],
    ['docker run --rm -v d:/d alpine rm -rf /d', 'destructive'],
    ["trap 'rm /x' EXIT", 'destructive'],
    ['diff <(rm /x) b', 'destructive'],
    ['echo $(( $(rm /x) + 1 )) "${y:-$(rm /z)}"', 'destructive'],
    ['cat <<EOF\n$(rm /x)\nEOF', 'destructive'],
    ['[[ -n $(rm /x) ]]', 'destructive'],
    ['case $1 in a) rm /x ;; esac', 'destructive'],
    ['f() { rm "$@"; }; f /x', 'destructive'],
    ['f() { rm "$@"; }', 'other-'],
    ['coproc rm /x', 'destructive'],
  ],
  'what can be told of variables and inputs': [
    ['X=rm; $X /x', 'destructive'],
    ['a=r b=m; "$a$b" /x', 'destructive'],
    ['run="rm -f /x"; $run', 'destructive'],
    ['run=(rm -f /x); "${run[@]}"', 'destructive'],
    ['${X:-rm} /x', 'destructive'],
    ["$'\\x72m' /x; r\\m /y", 'destructive'],
    ['{rm,-rf,/x}', 'destructive'],
    ['$(echo rm) /x', 'destructive'],
    ['for s in status stop; do svc $s a; done', 'remediation'],
    ['for s in status logs; do svc $s a; done', 'diagnostic'],
    ['svc $s a', 'other+'],
    ['$s a', 'other+'],
    ['kill -9 $p', 'destructive'],
    ['x=/tmp/a; rm -r $x/b', 'other+'],
    ['x=/tmp/a; rm -r $x', 'other-'],
    ["x=/tmp/a; bash -c 'rm -r $x/b'", 'destructive'], // another shell, which does not know x
    ["echo 'rm /x' | sh", 'destructive'],
    ["printf '%s\\n' 'rm /x' | tee /tmp/a | bash", 'destructive'],
    ['echo cm0gL3g= | base64 -d | sh', 'destructive'],
    ['echo 726d202f78 | xxd -r -p | sh', 'destructive'],
    ["bash <<'E'\nrm /x\nE", 'destructive'],
    ['cat <<-E | ssh h\n\trm /x\n\tE', 'destructive'],
    ['redis-cli <<< FLUSHALL', 'destructive'],
    ['cat x | redis-cli', 'other+'],
    ['cat x | bash', 'other+'],
    ["python3 <<'E'\nprint(1)\nE", 'other+'],
  ],
  'what is sent to whom': [
    ['curl -s h/health', 'diagnostic'],
    ['curl -I h', 'diagnostic'],
    ['curl -sXPOST h/-/reload', 'remediation'],
    ['curl -d x=1 h/a', 'remediation'],
    ['curl -G -d query=up h/api/v1/query', 'diagnostic'],
    ['curl -d query=up h/api/v1/query', 'diagnostic'],
    ['curl -T a h/b', 'remediation'],
    ['curl -X DELETE h/a', 'destructive'],
    ['curl -X DELETE h/pd/api/v1/schedulers/a', 'remediation'],
    ['curl -X $m h', 'other+'],
    ['curl h/v3/kv/range -d {}', 'diagnostic'],
    ['curl h/v3/kv/deleterange -d {}', 'destructive'],
    ['curl h/v3/kv/txn -d \'{"success":[{"requestDeleteRange":{}}]}\'', 'destructive'],
    ['curl h/v3/maintenance/alarm -d \'{"action":"DEACTIVATE"}\'', 'remediation'],
    ['wget -qO- h', 'diagnostic'],
    ['wget h/a', 'remediation'],
    ['wget --method=DELETE -O- h/a', 'destructive'],
    ["psql -Atc 'select 1'", 'diagnostic'],
    ["psql -c 'select pg_terminate_backend(1)'", 'remediation'],
    ["mysql -uroot -psecret -e 'show tables; drop table a'", 'destructive'],
    ['psql <<< "TRUNCATE a"', 'destructive'],
    ["sqlite3 a.db 'alter table a drop column b'", 'destructive'],
    ["mysql -e 'update a set b = 1'", 'remediation'],
    ['mysql -e "$q"', 'other+'],
    ['psql -f a.sql', 'other+'],
    ['psql', 'other-'],
  ],
  'files by where they are': [
    ['rm -rf /tmp/a /var/tmp/b', 'other-'],
    ['rm -rf /tmp', 'destructive'],
    ['rm -rf /tmp/../etc', 'destructive'],
    ['cd /tmp && rm -rf b', 'other-'],
    ['cd /tmp/a && rm -rf b', 'other+'], // /tmp/a may be a link
    ['(cd /tmp/a); rm -rf b', 'destructive'],
    ['d=$(mktemp -d); cp /etc/hosts $d; rm -r "$d"', 'other-'],
    ['rm /run/a.pid', 'remediation'],
    ['df > /dev/null 2>&1', 'diagnostic'],
    ['df > /tmp/a', 'diagnostic'],
    ['df > /etc/a', 'remediation'],
    ['df >> /var/log/a.log', 'remediation'],
    ['df > /var/log/a.log', 'destructive'],
    ['cp /dev/null /var/log/a.log', 'destructive'],
    ['echo b > /proc/sysrq-trigger', 'destructive'],
    ['dd if=/dev/zero of=/dev/null', 'diagnostic'],
    ['curl -o /tmp/a http://h/', 'diagnostic'],
    ['curl -o /etc/a http://h/', 'remediation'],
    ['(echo > /dev/tcp/h/1) 2>/dev/null', 'diagnostic'],
    ['echo FLUSHALL > /dev/tcp/h/1', 'other+'],
  ],
}

for (const [name, cases] of Object.entries(groups))
  suite(name, () => {
    for (const [command, said] of cases)
      test(`${JSON.stringify(command)}: ${said}`, () => assert.equal(short(command), said))
  })

suite('what cannot be read', () => {
  const cases: [string, string][] = [
    ['rm -rf /x "', 'other+ unparsed'],
    ['df\nrm -rf /x\necho "', 'destructive unparsed'], // bash runs the lines before the one that is wrong
    ["bash -c 'rm /x; if'", 'other+ unparsed'],
    ["svc start a; bash -c 'if'", 'remediation unparsed'],
    [`rm /x; ${'a'.repeat(1_000_000)}`, 'other+ unparsed'],
    [`${'$('.repeat(10_000)}rm /x${')'.repeat(10_000)}`, 'other+ unparsed'],
    [`${'bash -c '.repeat(1_000)}ls`, 'other-'], // the second is the name of the script `bash`
    [`${'sudo '.repeat(1_000)}rm /x`, 'other+ unparsed'],
    [`${'eval '.repeat(1_000)}ls`, 'other+ unparsed'],
    ['f() { f; }; f', 'other+ unparsed'],
    [`a=(1 2);${'a=("${a[@]}" "${a[@]}");'.repeat(40)}`, 'other+ unparsed'],
    [`a=x;${'a="$a$a";'.repeat(40)}`, 'other+ unparsed'],
    [`${'for i in 1 2 3 4 5 6 7 8; do '.repeat(5)}ls;${'done;'.repeat(5)}`, 'other+ unparsed'],
  ]
  for (const [command, said] of cases)
    test(`${JSON.stringify(command.slice(0, 40))} of ${command.length}: ${said}`, () =>
      assert.equal(short(command), said))
})

test('each part says what it is and which rule decided', () => {
  assert.deepEqual(classify('svc stop etcd-1 && rm -rf /var/lib/etcd/$n').parts, [
    {
      text: 'svc stop etcd-1',
      class: 'remediation',
      changes: true,
      rule: 'svc start|stop|restart|kill: starts, stops or signals a service',
    },
    { text: 'rm -rf /var/lib/etcd/…', class: 'destructive', changes: true, rule: 'rm: files are gone' },
  ])
})

test('the same form for what does the same, whatever its white space, comments and pauses', () => {
  const form = (command: string) => classify(command).form
  assert.equal(form('sleep 5;  svc   status # look'), form('svc status'))
  assert.notEqual(form('svc status'), form('svc logs a'))
  assert.notEqual(form('python3 <<E\n1\nE'), form('python3 <<E\n2\nE'))
  assert.notEqual(form('rm "'), form('rm /y "'))
  const long = `python3 -c '${'# the same preamble\n'.repeat(40)}`
  assert.notEqual(form(`${long}look()'`), form(`${long}mend()'`))
})

const every = halves.flatMap((half) => labelled(half)).map(({ command }) => command)

test('bash itself agrees on what is a command line', () => {
  const rng = rngFrom(1)
  // The parser passes over a stray `(`.
  const marks = ['"', "'", '`', '$(', ')', '{', '}', '|', '&', ';', '\n', '<', '<<E', ' fi ', ' do ', '[[']
  const broken = every.map((command) => {
    const at = rng.int(command.length)
    return command.slice(0, at) + rng.pick(marks) + command.slice(at)
  })
  const some = [...every, ...broken].filter((_, index) => index % 8 === 0)
  for (const command of some) {
    const { status } = spawnSync('bash', ['-n', '-c', command], { stdio: 'ignore' })
    const { parsed, parts } = classify(command)
    if (parts.some(({ text }) => text.startsWith('<<:'))) continue
    // bash does not look into scripts that are arguments; we do.
    const inner = parts.some(({ rule }) => rule === 'a script that cannot be read')
    assert.equal(parsed || inner, status === 0, command)
  }
})

test('no garbage makes it throw, and what it says does not depend on what it was asked before', () => {
  const rng = rngFrom(2)
  const pieces = every.join('\n').split(/(\W)/)
  const lines = Array.from({ length: 6_000 }, () =>
    Array.from({ length: rng.int(30) }, () => rng.pick(pieces)).join(''),
  )
  const first = lines.map((line) => classify(line).class)
  assert.deepEqual(
    lines.map((line) => classify(line).class),
    first,
  )
})
