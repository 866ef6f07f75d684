import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { version } from '../src/cli/terminal/version.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'operator-package-'))
after(() => rmSync(folder, { recursive: true, force: true }))

// npm looks for the machine's npmrc (registry, certificates) beside the Node it runs on, and under --prefix:
// here neither is where the machine has it.
const ownNode = dirname(process.execPath)
const machinePath = (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== ownNode)
const npm = (args: string[], env = process.env) => run('npm', args, { cwd: root, env })
/** Where that npmrc is. */
const machineConfig = async () =>
  (
    await npm(['config', 'get', 'globalconfig'], { ...process.env, PATH: machinePath.join(delimiter) })
  ).stdout.trim()

/** Built and packed once: two builds at a time would take each other's files away. */
let packing: Promise<{ tarball: string; paths: string[] }> | null = null
const packed = () => {
  packing ??= pack()
  return packing
}

async function pack() {
  const { stdout } = await npm(['pack', '--json', '--pack-destination', folder])
  const printed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))
  const [made] = Object.values<{ filename: string; files: { path: string }[] }>(printed)
  assert.ok(made)
  return { tarball: join(folder, made.filename), paths: made.files.map(({ path }) => path) }
}

suite('the package', async () => {
  const operator = join(folder, 'prefix/bin/operator')

  test('packs what it needs to run and nothing else', async () => {
    const { paths } = await packed()
    const files = ['dist/cli/main.js', 'dist/lab/netns/world/world.sh', 'dist/agent/command/keeper.sh']
    for (const wanted of [
      ...files,
      'examples/redis/src/index.ts',
      'variants/default.yaml',
      'LICENSE',
      'package.json',
    ])
      assert.ok(paths.includes(wanted), wanted)
    // Examples are there to be copied, with their tests.
    const product = paths.filter((path) => !path.startsWith('examples/'))
    const odd = product.filter((path) => /\.test\.|(?<!\.d)\.ts$|^(src|test|scripts|\.)/.test(path))
    assert.deepEqual(odd, [])
  })

  test('installs globally and runs', async () => {
    const prefix = join(folder, 'prefix')
    await npm([
      'install',
      '--global',
      '--prefix',
      prefix,
      '--globalconfig',
      await machineConfig(),
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      (await packed()).tarball,
    ])
    const env = { PATH: `${ownNode}${delimiter}${process.env.PATH}`, HOME: folder }
    const help = await run(operator, ['--help'], { cwd: folder, env })
    assert.match(help.stdout, /Usage: operator/)
    assert.equal(help.stderr, '')
    assert.equal((await run(operator, ['--version'], { env })).stdout, `${version}\n`)
    const { checks } = JSON.parse((await run(operator, ['doctor', '--json'], { env })).stdout)
    assert.ok(checks.length > 5)
    const listed = await run(operator, ['eval', 'list-variants', '--json'], { cwd: folder, env })
    const names = JSON.parse(listed.stdout).map(({ name }: { name: string }) => name)
    assert.deepEqual(names, ['default', 'nop', 'runbook', 'terse'])
  })

  test('an old Node is told so in one line', async () => {
    const guard = join(root, 'bin/installed.cjs')
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); require(${JSON.stringify(guard)})`
    await assert.rejects(
      run(process.execPath, ['-e', pretend]),
      (error: { code: number; stderr: string }) => {
        assert.equal(error.code, 3)
        assert.match(error.stderr, /^operator: needs Node >= 24\.12; .*\n$/)
        return true
      },
    )
  })
})

/** As a stranger has it: a package of its own, in a folder with a space in its name, with the packed tarball. */
suite('examples/redis', () => {
  const place = join(folder, 'my redis')
  const operator = join(place, 'node_modules/.bin/operator')
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
    OPERATOR_HOME: join(folder, 'home'),
  }
  const here = { cwd: place, env, maxBuffer: 16 * 1024 * 1024 }
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
    cpSync(join(root, 'examples/redis'), place, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    })
    const options = ['--omit=dev', '--prefer-offline', '--no-audit', '--no-fund']
    options.push('--globalconfig', await machineConfig())
    await run('npm', ['install', ...options, (await packed()).tarball], { cwd: place })
  })

  test('publishes entries and types that others can resolve', async () => {
    const { messages, pkg } = await publint({
      pkgDir: join(place, 'node_modules/operator-sre'),
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
      writeFileSync(join(place, `src/${page}.ts`), code)
    }
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', place])
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
      join(place, 'titled.ts'),
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
