import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'bundle-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A checkout of our own, to edit. */
for (const part of ['bin', 'scripts', 'src', 'variants', 'subjects', 'package.json'])
  cpSync(join(root, part), join(folder, part), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
mkdirSync(join(folder, '.tools'))

const operator = join(folder, 'bin/operator')
const env = { PATH: process.env.PATH ?? '', HOME: folder }
const run = (argv: string[], more: Record<string, string> = {}) =>
  spawnSync(operator, argv, { encoding: 'utf8', cwd: '/', env: { ...env, ...more } })
const help = () => execFileSync(operator, ['--help'], { encoding: 'utf8', env })
const verbs = join(folder, 'src/cli/verbs.ts')
const edit = (from: string, to: string) => writeFileSync(verbs, readFileSync(verbs, 'utf8').replace(from, to))

suite('a checkout starts from a bundle', () => {
  test('of the modules as they are: an edit is in the next start, whatever its date', () => {
    assert.match(help(), /work on tickets/)
    readFileSync(join(folder, '.tools/bundle/main.js'))
    edit('work on tickets', 'first edit')
    assert.match(help(), /first edit/)
    edit('first edit', 'second edit')
    utimesSync(verbs, new Date(0), new Date(0))
    assert.match(help(), /second edit/)
  })

  test('what it reads beside its modules is found', () => {
    const { stdout, stderr } = run(['eval', 'list-variants', '--json'])
    assert.deepEqual(
      JSON.parse(stdout || stderr).map(({ name }: { name: string }) => name),
      ['default', 'nop', 'runbook', 'terse'],
    )
    assert.match(run(['lab', 'up', '--help']).stdout, /etcd, tikv/)
  })

  test('a stack names the module and its line', () => {
    appendFileSync(
      join(folder, 'src/cli/terminal/version.ts'),
      "\nif (process.env.BREAK) throw new Error('broken')\n",
    )
    const { stderr } = run(['--version'], { BREAK: '1', OPERATOR_DEBUG: '1' })
    assert.match(stderr, /src\/cli\/terminal\/version\.ts:\d+/)
  })

  test('modules that cannot be bundled run as they are, and say what is wrong', () => {
    edit('second edit', "second edit', load: ")
    const { status, stderr } = run(['--help'])
    assert.notEqual(status, 0)
    assert.match(stderr, /verbs\.ts/)
  })
})
