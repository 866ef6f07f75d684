import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { longestFirst, longFiles } from '../scripts/longest-first.ts'
import { until } from './standins/until.ts'

const root = join(import.meta.dirname, '..')
const runner = join(root, 'scripts/run-tests.ts')
const summing = join(root, 'scripts/summary.ts')

suite('the runner of the tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'run tests-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  const run = (source: string, ...options: string[]) => {
    const file = join(folder, `${Math.abs(hash(source))}.test.mjs`)
    writeFileSync(
      file,
      `import { before, suite, test } from 'node:test'\nimport fs from 'node:fs'\n${source}`,
    )
    // A test process of its own, not a part of this one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout } = spawnSync(process.execPath, [runner, ...options, file], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    return { status, summary: stdout.trimEnd().split('\n').at(-1), stdout }
  }
  /** Source of an expression that is true from its second evaluation on. */
  const secondTime = (name: string) =>
    `(fs.existsSync('${name}') || (fs.writeFileSync('${name}', ''), false))`

  test('ends with the count of what passed, failed and was skipped, and says why', () => {
    const { status, summary, stdout } = run(`
      suite('a', () => { test('one', () => {}); test('two', { skip: 'no moon' }, () => {}) })`)
    assert.equal(status, 0)
    assert.equal(summary, '1 passed, 0 failed, 1 skipped')
    assert.match(stdout, /: two: no moon/)
  })

  test('tries again the failed test alone, and tells that it is not reliable', () => {
    const { status, summary, stdout } = run(`
      suite('a (b)', () => {
        test('flaky', () => { if (!${secondTime('flaky')}) throw new Error('bad luck') })
        test('counted', () => fs.appendFileSync('count', 'x'))
      })`)
    assert.equal(status, 0)
    assert.equal(summary, '2 passed, 0 failed, 0 skipped')
    assert.match(stdout, /NOT RELIABLE[\s\S]*: a \(b\) flaky/)
    assert.equal(spawnSync('cat', [join(folder, 'count')], { encoding: 'utf8' }).stdout, 'x')
  })

  test('a test of a suite that another file has written is tried again where it ran', () => {
    writeFileSync(
      join(folder, 'shared.mjs'),
      `import { test } from 'node:test'\nimport fs from 'node:fs'
      export const shared = () => test('shared', () => { if (!${secondTime('shared')}) throw new Error('bad luck') })`,
    )
    const { status, stdout } = run("const { shared } = await import('./shared.mjs'); shared()")
    assert.equal(status, 0)
    assert.match(stdout, /NOT RELIABLE[\s\S]*\.test\.mjs: shared/)
  })

  test('what fails twice has failed: a test, one inside a test, a hook, a file', () => {
    for (const [source, title] of [
      ["test('no', () => { throw new Error('no') })", 'no'],
      ["test('outer', async (t) => { await t.test('inner', () => { throw new Error('no') }) })", 'outer'],
      ["suite('hook', () => { before(() => { throw new Error('no') }); test('t', () => {}) })", 'hook'],
      ["test('yes', () => {}); setTimeout(() => process.exit(3), 50)", 'the file as a whole'],
      ["throw new Error('cannot be read')", 'the file as a whole'],
    ] as const) {
      const { status, summary, stdout } = run(source)
      assert.equal(status, 1, source)
      assert.match(summary ?? '', /^\d passed, 1 failed, 0 skipped$/, source)
      assert.match(stdout, new RegExp(`\\nFailed:\\n.*: ${title}`), source)
    }
  })

  test('says how many cells are left to --all, of all files together', () => {
    const says = (cells: number) => `test('sample ${cells}', (t) => t.diagnostic(leftToAll(${cells})))`
    const all = new URL('standins/all.ts', import.meta.url)
    const { summary, stdout } = run(`
      const { leftToAll } = await import('${all}')
      ${says(30)}; ${says(4)}`)
    assert.match(stdout, /^34 more cells of the matrices: scripts\/test --all$/m)
    assert.equal(summary, '2 passed, 0 failed, 0 skipped')
  })

  test('one summary of several runs; a run without results is none', () => {
    const into = (name: string) => join(folder, name)
    run("test('one', () => {})", `--into=${into('a.json')}`)
    const { stdout, status } = run(
      "test('two', () => { throw new Error('no') }); test('three', { skip: 'no moon' }, () => {})",
      `--into=${into('b.json')}`,
    )
    assert.equal(status, 1)
    assert.doesNotMatch(stdout, /The slowest tests/)
    const files = ['a.json', 'b.json', 'none.json'].map(into)
    const sum = spawnSync(process.execPath, [summing, ...files], { encoding: 'utf8' }).stdout
    assert.equal(sum.trimEnd().split('\n').at(-1), '1 passed, 1 failed, 1 skipped')
    assert.match(sum, /\nFailed:\n.*: two\n/)
    assert.match(sum, /: three: no moon/)
  })

  test('stopped by Ctrl-C, it ends with 130, and so does what it runs', async () => {
    const file = join(folder, 'stopped.test.mjs')
    const pid = join(folder, 'stopped.pid')
    writeFileSync(
      file,
      `import { test } from 'node:test'\nimport fs from 'node:fs'
      test('sleeps', () => { fs.writeFileSync('${pid}', String(process.pid)); return new Promise((done) => setTimeout(done, 1e6)) })`,
    )
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const child = spawn(process.execPath, [runner, file], {
      cwd: folder,
      env,
      stdio: 'ignore',
      detached: true,
    })
    const ended = once(child, 'exit')
    await until('the test runs', () => existsSync(pid) && readFileSync(pid, 'utf8') !== '')
    const inside = Number(readFileSync(pid, 'utf8'))
    process.kill(-(child.pid ?? 0), 'SIGINT') // the whole group, as a terminal does
    assert.deepEqual(await ended, [130, null])
    await until('its test has ended', () => !existsSync(`/proc/${inside}`))
  })

  test('files that take long start first, and are there', () => {
    const [long = ''] = longFiles
    assert.deepEqual(longestFirst(['b', 'a', long, 'c']), [long, 'b', 'a', 'c'])
    for (const file of longFiles) assert.ok(existsSync(join(root, file)), file)
  })

  test('a pattern that matches no test is no success', () => {
    assert.notEqual(run("test('one', () => {})", '--test-name-pattern=^other$').status, 0)
  })
})

function hash(text: string): number {
  return [...text].reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) | 0, 7)
}
