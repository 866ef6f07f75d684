import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { broken, circles, crowded, importsOf, type Source } from './arch-rules.ts'

const root = join(import.meta.dirname, '..')
const paths = globSync('{src,test,bench,scripts}/**/*.ts', { cwd: root })
const sources = paths.map((path): Source => ({ path, text: readFileSync(join(root, path), 'utf8') }))

test('the sources keep the rules', () => {
  // This file and its rules name what they forbid.
  const kept = sources.filter(({ path }) => !/^test\/arch[.-]/.test(path))
  assert.deepEqual(broken(kept), [])
})

test('it read something: a check of nothing is always green', () => {
  const edges = sources.flatMap(importsOf)
  assert.ok(sources.length > 20, `${sources.length} sources`)
  assert.ok(edges.length > 50, `${edges.length} imports`)
  // Every import of ours leads to a file: the paths were understood.
  const known = new Set(paths)
  assert.deepEqual(
    edges.filter(({ to }) => to.endsWith('.ts') && !known.has(to)),
    [],
  )
})

test('no file imports itself by way of others', () => {
  assert.deepEqual(circles(sources), [])
  const two = [
    { path: 'src/core/a.ts', text: "import type { B } from './b.ts'" },
    { path: 'src/core/b.ts', text: "import type { C } from './c.ts'" },
    { path: 'src/core/c.ts', text: "import { b } from './b.ts'" },
  ]
  assert.deepEqual(circles(two), ['src/core/b.ts -> src/core/c.ts -> src/core/b.ts'])
})

test('no folder of the product is crowded', () => {
  assert.deepEqual(crowded(globSync('src/**/*.*', { cwd: root })), [])
  const many = Array.from({ length: 16 }, (_, i) => `src/core/${i}.ts`)
  assert.deepEqual(crowded(many), ['src/core: 16 files; 15 are allowed'])
})

/** [what, path, text, rule that must object or null] */
const cases: [string, string, string, string | null][] = [
  ['core imports core', 'src/core/a.ts', "import { b } from './b.ts'", null],
  ['core imports store', 'src/core/a.ts', "import { b } from '../store/b.ts'", 'layers'],
  ['a type is an import too', 'src/core/a.ts', "import type { B } from '../lab/contract.ts'", 'layers'],
  ['chaos imports the contract', 'src/chaos/a.ts', "import type { B } from '../lab/contract.ts'", null],
  ['chaos imports a lab', 'src/chaos/a.ts', "import { b } from '../lab/netns/up.ts'", 'layers'],
  ['agent imports chaos', 'src/agent/llm/a.ts', "import { b } from '../../chaos/b.ts'", 'layers'],
  ['agent imports eval', 'src/agent/a.ts', "import { b } from '../eval/b.ts'", 'layers'],
  ['agent imports a subject', 'src/agent/a.ts', "import { b } from '../subjects/b.ts'", 'layers'],
  ['a dynamic import', 'src/agent/a.ts', "const b = await import('../subjects/b.ts')", 'layers'],
  ['an import for its effect', 'src/agent/a.ts', "import '../subjects/b.ts'", 'layers'],
  ['a re-export', 'src/agent/a.ts', "export { b } from '../eval/b.ts'", 'layers'],
  ['an import over many lines', 'src/agent/a.ts', "import {\n  b,\n} from '../eval/b.ts'", 'layers'],
  ['subjects import chaos', 'src/subjects/etcd/a.ts', "import { b } from '../../chaos/b.ts'", 'layers'],
  ['monitor imports agent', 'src/monitor/a.ts', "import { b } from '../agent/b.ts'", 'layers'],
  ['operate imports chaos', 'src/operate.ts', "import { b } from './chaos/b.ts'", 'layers'],
  ['operate imports agent', 'src/operate.ts', "import { b } from './agent/b.ts'", null],
  ['eval imports chaos', 'src/eval/a.ts', "import { b } from '../chaos/b.ts'", null],
  ['eval imports the viewer', 'src/eval/a.ts', "import { b } from '../view/b.ts'", 'layers'],
  ['the viewer imports cli', 'src/view/a.ts', "import { b } from '../cli/b.ts'", 'layers'],
  ['cli imports all', 'src/cli/a.ts', "import { b } from '../eval/b.ts'", null],
  ['a new folder', 'src/misc/a.ts', "import { b } from '../core/b.ts'", 'layers'],
  ['an import in a comment', 'src/core/a.ts', "// import { b } from '../store/b.ts'", null],
  ['tests reach for anything', 'src/core/a.test.ts', "import { b } from '../store/b.ts'", null],
  ['SQL in store', 'src/store/a.ts', "import { sql } from 'kysely'", null],
  ['SQL in monitor', 'src/monitor/a.ts', "import { sql } from 'kysely'", 'database only in store'],
  ['SQLite in cli', 'src/cli/a.ts', "import { D } from 'node:sqlite'", 'database only in store'],
  ['a child in spawn', 'src/spawn.ts', "import { spawn } from 'node:child_process'", null],
  ['a child', 'src/lab/a.ts', "import { spawn } from 'child_process'", 'one way to start a process'],
  [
    'a child by a dynamic import',
    'src/cli/a.ts',
    'const { spawn } = await import("node:child_process")',
    'one way to start a process',
  ],
  ['Date.now in the clock', 'src/core/clock.ts', 'const now = Date.now()', null],
  ['Date.now elsewhere', 'src/core/a.ts', 'const now = Date.now()', 'one clock'],
  ['a pid file', 'src/lab/a.ts', 'procFile(init, `root/run/svc/a.pid`)', 'files inside only by inside.ts'],
  ['a stat inside', 'src/lab/a.ts', 'statSync(`/proc/1/root/etc`)', 'files inside only by inside.ts'],
  ['a log', 'src/subjects/a.ts', 'await open(endpoint.logPath, flags)', 'files inside only by inside.ts'],
  ['a log, as it should', 'src/subjects/a.ts', 'const log = followLog(endpoint.logPath)', null],
  ['new Date()', 'src/core/a.ts', 'const now = new Date()', 'one clock'],
  ['new Date(x)', 'src/core/a.ts', 'const then = new Date(x)', null],
  ['Math.random', 'src/core/a.ts', 'const x = Math.random()', 'seeded randomness'],
  ['Math.random in a test', 'test/a.test.ts', 'const x = Math.random()', 'seeded randomness'],
  ['process.exit in main', 'src/cli/main.ts', 'process.exit(1)', null],
  ['process.exit elsewhere', 'src/cli/a.ts', 'process.exit(1)', 'one exit'],
  ['400 lines', 'src/core/a.ts', '\n'.repeat(400), null],
  ['401 lines', 'src/core/a.ts', '\n'.repeat(401), 'short files'],
  ['a long test', 'test/a.test.ts', '\n'.repeat(401), 'short files'],
  ['test.skip', 'test/a.test.ts', "test.skip('x', () => {})", 'no test left out'],
  ['test.only', 'src/core/a.test.ts', "test.only('x', () => {})", 'no test left out'],
  ['only: true', 'test/a.test.ts', "test('x', { only: true }, () => {})", 'no test left out'],
  ['a path to a module', 'src/lab/a.ts', "new URL('./relay.ts', import.meta.url)", 'no path to a .ts file'],
]

suite('each rule can go red', () => {
  for (const [what, path, text, rule] of cases) {
    test(`${what}: ${rule ?? 'fine'}`, () => {
      const objections = broken([{ path, text }]).map((line) => line.split(': ')[1])
      assert.deepEqual(objections, rule ? [rule] : [])
    })
  }
})
