import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processorMs } from '../../../test/standins/processor.ts'
import { redactor, secretsOf } from './redact.ts'

const secret = 'S3cr3t/Value+with=odd&chars"é'
const redact = redactor([secret])
const shapes = redactor([])

test('a given secret is masked as it is and in its usual encodings', () => {
  const forms = [
    secret,
    JSON.stringify({ key: secret }),
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase().replace('s3cr3t', 'S3cr3t').replace('value', 'Value'),
    `?a=1&${new URLSearchParams({ s: secret })}`,
    Buffer.from(secret).toString('hex'),
  ]
  for (const form of forms) {
    const masked = redact(`before ${form} after`)
    assert.match(masked, /^before .*\[redacted\].* after$/, form)
    assert.doesNotMatch(masked, /S3cr3t|Value/)
  }
})

test('it is masked within base64 of a longer text, wherever it begins', () => {
  for (const before of ['', 'a', 'ab', 'abc', 'user:'])
    for (const after of ['', 'x', 'yz', '\n'])
      for (const encoding of ['base64', 'base64url'] as const) {
        const encoded = Buffer.from(before + secret + after).toString(encoding)
        const masked = redact(encoded)
        assert.match(masked, /\[redacted\]/)
        // What is left decodes to less than a character at either end of the secret.
        assert.ok(masked.replace('[redacted]', '').length <= encoded.length - Buffer.from(secret).length)
      }
})

test('of two secrets, one within the other, nothing is left', () => {
  assert.equal(redactor(['password-1', 'password-1-long'])('password-1-long!'), '[redacted]!')
})

test('words are not secrets: short values are not masked', () => {
  assert.equal(redactor(['root', ' ', ''])('root is here'), 'root is here')
})

const known: Record<string, string> = {
  anthropic: `sk-ant-api03-${'Ab1_'.repeat(20)}`,
  openai: `sk-proj-${'Ab1'.repeat(12)}`,
  aws: 'AKIAIOSFODNN7EXAMPLE',
  github: `ghp_${'a1'.repeat(18)}`,
  gitlab: `glpat-${'a1'.repeat(10)}`,
  slack: 'xoxb-123456789012-abcdef',
  jwt: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'s'.repeat(43)}`,
  npm: `npm_${'a1'.repeat(18)}`,
}
for (const [name, value] of Object.entries(known))
  test(`shape: ${name}`, () => {
    assert.equal(shapes(`x ${value} y`), 'x [redacted] y')
    assert.equal(shapes(`"${value}"`), '"[redacted]"')
  })

test('what stands after a name that says secret', () => {
  const cases: [string, string][] = [
    ['password=hunter2 next', 'password=[redacted] next'],
    ['DB_PASSWORD="hunter 2" next', 'DB_PASSWORD="[redacted]" next'],
    ['{"password":"hunter2","a":1}', '{"password":"[redacted]","a":1}'],
    ['{\\"password\\":\\"hunter2\\",\\"a\\":1}', '{\\"password\\":\\"[redacted]\\",\\"a\\":1}'],
    ['api-key: abc', 'api-key: [redacted]'],
    ['ETCD_ROOT_KEY=abc', 'ETCD_ROOT_KEY=[redacted]'],
    ['Authorization: Bearer abc.def', 'Authorization: [redacted]'],
    ["curl -H 'Authorization: Basic Zm9v' http://h", "curl -H 'Authorization: [redacted]' http://h"],
    ['redis://:hunter2@10.0.0.1:6379/0', 'redis://:[redacted]@10.0.0.1:6379/0'],
    ['postgres://me:hunter2@db/x', 'postgres://me:[redacted]@db/x'],
    ['curl -u root:hunter2 http://h', 'curl -u root:[redacted] http://h'],
    ['etcdctl --user root:hunter2 get a', 'etcdctl --user root:[redacted] get a'],
    ['redis-cli -h 10.0.0.1 -a hunter2 ping', 'redis-cli -h 10.0.0.1 -a [redacted] ping'],
    ['requirepass hunter2', 'requirepass [redacted]'],
  ]
  for (const [text, masked] of cases) assert.equal(shapes(text), masked)
})

test('JSON stays JSON, also when it holds JSON', () => {
  const inner = {
    password: 'hun"ter\\2',
    url: 'redis://:x@h',
    auth: 'Authorization: Bearer abcdefghijklmnop',
  }
  const masked = JSON.parse(
    shapes(JSON.stringify({ inner, text: JSON.stringify(inner), said: 'password="a b"' })),
  )
  assert.equal(masked.inner.password, '[redacted]')
  assert.equal(JSON.parse(masked.text).url, 'redis://:[redacted]@h')
  assert.doesNotMatch(JSON.stringify(masked), /hun|ter|abcdef|a b/)
})

test('private keys, whole and with their end cut off', () => {
  const key = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIE'.repeat(100)}\n-----END RSA PRIVATE KEY-----`
  assert.equal(shapes(`a\n${key}\nb\n${key}\nc`), 'a\n[redacted]\nb\n[redacted]\nc')
  assert.equal(shapes(`a\n${key.slice(0, 200)}`), 'a\n[redacted]')
})

test('what is no secret stays', () => {
  const texts = [
    '{"level":"warn","msg":"lost leader","raft-term":7,"remote-peer-id":"8211f1d0f64f3269"}',
    'http://10.0.0.1:2379/health?serializable=true',
    'etcd --name etcd-1 --initial-cluster etcd-1=http://10.0.0.1:2380',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'mask-sk-1 desk-top risk-free',
    'user: alice, tokens: 12, keys: 3',
  ]
  for (const text of texts) assert.equal(shapes(text), text)
})

test('redacting twice changes nothing', () => {
  const texts = [
    ...Object.values(known),
    'password=x',
    'Authorization: Bearer y',
    'redis://:z@h',
    secret,
    'curl -u a:b h',
  ]
  const once = redact(texts.join('\n'))
  assert.equal(redact(once), once)
})

test('what colours, overstriking and escapes hide is masked as what a reader sees', () => {
  const shown = [
    '\x1b[1mpassword\x1b[0m: hunter2-Zq9 end',
    'DB_\x1b[01;31m\x1b[KPASS\x1b[m\x1b[KWORD=hunter2-Zq9',
    '\x1b[34;1m"password"\x1b[0m\x1b[1;39m: \x1b[0m\x1b[0;32m"hunter2-Zq9"\x1b[0m',
    'p\bpa\bas\bss\bsw\bwo\bor\brd\bd: hunter2-Zq9',
    '\x1b]8;;https://me:hunter2-Zq9@h/\x07link\x1b]8;;\x07',
    '{"\\u0070assword":"hunter2-Zq9"}',
  ]
  for (const text of shown) assert.doesNotMatch(shapes(text), /hunter2/, JSON.stringify(text))
  const calm = '\x1b[32mhealthy\x1b[0m: took = 4ms'
  assert.equal(shapes(calm), calm, 'colours stay where nothing is hidden')
})

test('a given secret is masked within lines that were numbered, quoted or cut, and as its bytes', () => {
  const plain = 'K7-Zq9xLm2Wp4Rt8Vy'
  const [one, two] = [plain.slice(0, 9), plain.slice(9)]
  const bytes = [...Buffer.from(plain)]
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'))
  const forms = [
    `${one}\n     2\t${two}`,
    `+${one}\n+${two}`,
    `${one}\\\n${two}`,
    `"${one}" . "${two}"`,
    `${one}\x1b]0;title\x07${two}`,
    `${one}\x1b(B${two}`,
    [...plain].map((char) => `${char}\b${char}`).join(''),
    [...plain].join('\0'),
    hex.join(':'),
    `0x${hex.join(', 0x')}`,
    hex.map((pair) => `\\x{${pair}}`).join(''),
    bytes.join(', '),
  ]
  for (const form of forms)
    assert.match(redactor([plain])(`before ${form} after`), /\[redacted\]/, JSON.stringify(form))
})

test('ten hostile megabytes take no longer than ten harmless ones would', () => {
  const size = 10 * 1024 * 1024
  const units = [
    'eyJ',
    'eyJaaaaaaaa.',
    'sk-',
    '-----BEGIN PRIVATE KEY-----',
    'password=',
    'password="',
    'a://',
    'a://b:',
    'A_',
    'A_KEY',
    'redis-cli ',
    'Bearer ',
    '-u a:',
    'Authorization:',
    'x',
    ' ',
    '"',
    '\\"',
    'requirepass ',
    'authorization: \\',
  ]
  for (const unit of units) {
    const text = unit.repeat(size / 10 / unit.length)
    const ms = processorMs(() => redact(text))
    assert.ok(ms < 1500, `${JSON.stringify(unit)} took ${Math.round(ms)} ms for a tenth of it`)
  }
  const all = units.join('').repeat(size / units.join('').length)
  assert.ok(processorMs(() => redact(all)) < 15_000)
})

test('secrets of an environment: by name, and passwords within URLs', () => {
  const env = {
    ANTHROPIC_API_KEY: 'sk-ant-0123456789',
    GITHUB_TOKEN: 'gh-0123456789',
    DB_PASSWORD: 'hunter2hunter2',
    REDIS_URL: 'redis://:p%40ssw0rd-1@10.0.0.1:6379',
    SSH_AUTH_SOCK: '/tmp/ssh-x/agent.1',
    GOOGLE_APPLICATION_CREDENTIALS: '/home/me/key.json',
    HOME: '/home/me/long/enough',
    KEYBOARD_LAYOUT: 'de-nodeadkeys',
    EMPTY_TOKEN: '',
    SHORT_TOKEN: 'abc',
  }
  assert.deepEqual(
    new Set(secretsOf(env)),
    new Set(['sk-ant-0123456789', 'gh-0123456789', 'hunter2hunter2', 'p@ssw0rd-1', 'p%40ssw0rd-1']),
  )
})

test('where a shell stands is no secret, and a password is one whatever it is called', () => {
  const env = {
    PWD: '/var/lib/etcd',
    OLDPWD: '/usr/local/bin',
    DB_PWD: 'hunter2hunter2',
    MYSQL_PWD: '/var/lib/x',
  }
  assert.deepEqual(secretsOf(env), ['hunter2hunter2', '/var/lib/x'])
  for (const text of ['PWD=/root', 'OLDPWD=/var', 'declare -x PWD="/root"', 'a\nPWD=/root\nb'])
    assert.equal(shapes(text), text)
  for (const text of [
    'pwd: hunter2',
    'DB_PWD=/hunter2',
    'pwd=hunter2',
    'OLDPWD=hunter2',
    'MYOLDPWD=/hunter2',
  ])
    assert.match(shapes(text), /[:=] ?\[redacted\]$/, text)
})
