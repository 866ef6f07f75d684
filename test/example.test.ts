import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  /** The outcome of one trial. An invalid one ends with 1, and is printed all the same. */
  const trial = async (plugin: string, subject: string, chaos: string) => {
    const options = ['--plugin', plugin, 'eval', 'run', '--subject', subject, '--chaos', chaos, '--seed', '7']
    const ran = run(operator, [...options, '--agent', 'runbook', '--json'], here)
    const { stdout } = await ran.catch((error) => {
      if (error.code === 1) return error
      throw error
    })
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

  test('type-checks, and so does the code on the pages about it', async () => {
    for (const page of ['add-a-subject', 'add-a-chaos-type']) {
      const text = readFileSync(join(root, `docs/${page}.md`), 'utf8')
      const [, code = ''] = /^```ts\n(.*?^export .*?)^```$/ms.exec(text) ?? []
      assert.notEqual(code, '', page)
      writeFileSync(join(folder, `src/${page}.ts`), code)
    }
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])
    const freeze = await run(
      operator,
      ['--plugin', './src/add-a-chaos-type.ts', 'eval', 'run', '--help'],
      here,
    )
    assert.match(freeze.stdout, /\bfreeze\b/)
    // Nothing listens on port 1.
    const watch = ['monitor', 'run', '--subject', 'mine', '--endpoints', 'mine-1=tcp://127.0.0.1:1', '--once']
    await assert.rejects(
      run(operator, ['--plugin', './src/add-a-subject.ts', ...watch], here),
      ({ code, stdout }: { code: number; stdout: string }) => {
        assert.match(stdout, /mine\/node_down\/mine-1 +critical/)
        return code === 1
      },
    )
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
