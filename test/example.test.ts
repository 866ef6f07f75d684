import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const place = mkdtempSync(join(tmpdir(), 'operator example-'))
after(() => rmSync(place, { recursive: true, force: true }))

/** As a stranger has it: a package of its own, in a folder with a space in its name, with the packed tarball. */
suite('examples/redis', () => {
  const folder = join(place, 'my redis')
  const operator = join(folder, 'node_modules/.bin/operator')
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    OPERATOR_HOME: join(place, 'home'),
  }
  const here = { cwd: folder, env, maxBuffer: 16 * 1024 * 1024 }
  /** Of one trial; the exit code does not say how it went. */
  const trial = async (plugin: string, subject: string, chaos: string) => {
    const options = ['--plugin', plugin, 'eval', 'run', '--subject', subject, '--chaos', chaos, '--seed', '7']
    const { stdout } = await run(
      'npx',
      ['--no', 'operator', ...options, '--agent', 'runbook', '--json'],
      here,
    )
    return JSON.parse(stdout).trials[0].outcome
  }

  before(async () => {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', place], { cwd: root })
    const printed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))
    const [packed] = Object.values<{ filename: string }>(printed)
    assert.ok(packed)
    cpSync(join(root, 'examples/redis'), folder, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    })
    const options = ['--omit=dev', '--prefer-offline', '--no-audit', '--no-fund']
    await run('npm', ['install', ...options, join(place, packed.filename)], { cwd: folder })
  })

  test('publishes entries and types that others can resolve', async () => {
    const { messages, pkg } = await publint({
      pkgDir: join(folder, 'node_modules/operator-sre'),
      strict: true,
    })
    assert.deepEqual(
      messages.filter(({ type }) => type !== 'suggestion').map((message) => formatMessage(message, pkg)),
      [],
    )
  })

  test('type-checks', async () => {
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])
  })

  test('passes the conformance suites', async () => {
    const { NODE_TEST_CONTEXT: _, ...outside } = env
    await run(process.execPath, ['--test', '--test-reporter=tap', 'test/*.test.ts'], {
      ...here,
      env: outside,
    })
  })

  test('is broken in its own way and repaired', async () => {
    assert.equal((await trial('./src/index.ts', 'redis', 'redis_readonly')).kind, 'resolved')
  })

  test('whose processes the lab cannot tell is refused before anything is broken', async () => {
    writeFileSync(
      join(folder, 'titled.ts'),
      `import { defineSubject } from 'operator-sre'
      import { redis } from './src/index.ts'
      const text = (size) => JSON.stringify(redis.topology(size)).replaceAll('set-proc-title no', '')
      export const titled = defineSubject({
        ...redis, name: 'titled', topology: (size) => ({ ...JSON.parse(text(size)), subject: 'titled' }),
      })`,
    )
    const outcome = await trial('./titled.ts', 'titled', 'node_kill')
    assert.deepEqual([outcome.kind, outcome.phase], ['invalid', 'warm'])
    assert.match(outcome.reason, /finds no process of redis-1, redis-2, redis-3/)
  })
})
