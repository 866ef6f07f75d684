import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, suite, test } from 'node:test'
import { promisify } from 'node:util'
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

suite('the package', async () => {
  const operator = join(folder, 'prefix/bin/operator')
  let tarball = ''

  test('packs what it needs to run and nothing else', async () => {
    const { stdout } = await npm(['pack', '--json', '--pack-destination', folder])
    const printed = JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))
    const [packed] = Object.values<{ filename: string; files: { path: string }[] }>(printed)
    assert.ok(packed)
    tarball = join(folder, packed.filename)
    const paths = packed.files.map(({ path }) => path)
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
    const globalconfig = (
      await npm(['config', 'get', 'globalconfig'], { ...process.env, PATH: machinePath.join(delimiter) })
    ).stdout.trim()
    const prefix = join(folder, 'prefix')
    await npm([
      'install',
      '--global',
      '--prefix',
      prefix,
      '--globalconfig',
      globalconfig,
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      tarball,
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
