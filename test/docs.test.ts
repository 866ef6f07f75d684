import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { helpOf, pathOf, wholeProgram } from '../src/cli/program.ts'
import { terminalIo } from '../src/cli/terminal/io.ts'
import { callsIn, wrongIn } from './docs/command-lines.ts'
import { documentsIn, fieldsOf, isPrintedIn, mapsIn, undocumentedIn } from './docs/fields.ts'
import { anchorsIn, type Block, blocksIn, inlineCodeIn, pages, root } from './docs/pages.ts'
import { run, storeTrials, type Workplace, workplace } from './docs/run.ts'

const blocks = pages.flatMap(blocksIn)
/** Blocks that install something or take a minute are left to `scripts/test --all`. */
const whole = process.env.TEST_ALL === '1'
const isRun = ({ mark }: Block) => /^run/.test(mark ?? '') && (mark !== 'run slow' || whole)
const quickStart = 'docs/quick-start.md'
let program: Command
before(async () => {
  program = await wholeProgram(terminalIo(new AbortController().signal))
})

test('pages that follow from the code are what the code says', async () => {
  const { PATH = '', HOME = '' } = process.env
  await promisify(execFile)(process.execPath, [join(root, 'scripts/docs.ts'), '--check'], {
    env: { PATH, HOME, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  })
})

suite('links', () => {
  for (const { path, text } of pages)
    test(path, () => {
      const broken = linksIn(text).flatMap((link) => {
        const [file = '', anchor] = link.split('#')
        const to = file === '' ? path : normalize(join(dirname(path), file))
        if (!existsSync(join(root, to))) return [`${link}: no such file`]
        if (anchor === undefined || !to.endsWith('.md')) return []
        return anchorsIn(readFileSync(join(root, to), 'utf8')).has(anchor) ? [] : [`${link}: no such heading`]
      })
      assert.deepEqual(broken, [])
    })

  test('the map leads to every page', () => {
    const map = pages.find(({ path }) => path === 'docs/README.md')
    const listed = new Set(
      linksIn(map?.text ?? '').map((link) => normalize(join('docs', link.split('#')[0] ?? ''))),
    )
    const all = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/'))
    assert.deepEqual(
      all.filter((path) => path !== 'docs/README.md' && !listed.has(path)),
      [],
    )
  })

  test('pages that the source names are there', () => {
    const missing = sourcesIn('src').flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w-]+\.md\b/g)]
        .filter(([page]) => !existsSync(join(root, page)))
        .map(([page]) => `${path}: ${page}`),
    )
    assert.deepEqual(missing, [])
  })
})

suite('commands', () => {
  test('of every block: the verbs and options are there, the values are allowed', () => {
    const wrong = blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ place, text }) =>
        callsIn(text).flatMap((argv) => complaint(place, argv, wrongIn(program, argv))),
      )
    assert.deepEqual(wrong, [])
  })

  test('within sentences, too', () => {
    const wrong = pages.flatMap(({ path, text }) =>
      inlineCodeIn(text)
        .filter((code) => /^(\S*\/)?operator /.test(code) && !code.includes('[options]'))
        .flatMap((code) => callsIn(code.replaceAll('|', '/')))
        .flatMap((argv) => complaint(path, argv, wrongIn(program, argv, { complete: false }))),
    )
    assert.deepEqual(wrong, [])
  })

  test('of the examples in --help', () => {
    const wrong = [...allBelow(program)].flatMap((command) => {
      const lines = helpOf(command).match(/^ {2}(?:[A-Z_]+=\S+ )*operator .*$/gm) ?? []
      return lines.flatMap((line) =>
        callsIn(line.replace(/\s{3,}.*$/, '')).flatMap((argv) =>
          complaint(pathOf(command), argv, wrongIn(program, argv)),
        ),
      )
    })
    assert.deepEqual(wrong, [])
  })

  test('every block of a shell says whether it is run, and if not, why', () => {
    const silent = blocks
      .filter(({ language }) => language === 'sh' || language === '')
      .filter(
        ({ language, mark }) =>
          language === '' || !/^(run( slow| with trials)?|not run: .{10,})$/.test(mark ?? ''),
      )
      .map(({ place, language }) => `${place}: ${language === '' ? 'a block without a language' : 'no mark'}`)
    // An indented block would go unnoticed.
    const indented = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\n\n {4}(\S*\/)?operator .*/g)].map(([line]) => `${path}: ${line.trim()}`),
    )
    assert.deepEqual([...silent, ...indented], [])
  })
})

suite('blocks that are run', () => {
  for (const [path, own] of Map.groupBy(blocks, (block) => block.path)) {
    if (path === quickStart || !own.some(isRun)) continue
    test(path, async () => {
      using place = workplace(own)
      using withTrials = workplace(own)
      await storeTrials(withTrials)
      await runAll(own, place, withTrials)
    })
  }

  suite(quickStart, () => {
    const own = blocks.filter(({ path }) => path === quickStart)
    const place = workplace(own)
    const withTrials = workplace([])
    after(() => {
      for (const one of [place, withTrials]) one[Symbol.dispose]()
    })

    test('its blocks', () => runAll(own, place, withTrials))

    // A ticket, a session and a trial are there now.
    test('after it, every verb prints the fields of json.md', async () => {
      await storeTrials(withTrials)
      const documents = documentsIn(pages.find(({ path }) => path === 'docs/json.md')?.text ?? '')
      assert.ok(documents.length > 10)
      for (const { command, fields, optional, exitCode, isStored } of documents) {
        const text = `${command} --json`
        const { code, stdout, output } = await run({ text }, isStored ? withTrials : place)
        assert.equal(code, exitCode, `${text}: ${output}`)
        const printed = fieldsOf(JSON.parse(stdout), new Set(fields.flatMap(mapsIn)))
        assert.deepEqual(undocumentedIn(printed, fields), [], `${text}: not in json.md`)
        const missing = fields.filter((field) => !optional.has(field) && !isPrintedIn(printed, field))
        assert.deepEqual(missing, [], `${text}: in json.md, and not printed`)
      }
    })
  })
})

async function runAll(own: readonly Block[], place: Workplace, withTrials: Workplace): Promise<void> {
  for (const block of own.filter(isRun)) {
    const { code, output } = await run(block, block.mark === 'run with trials' ? withTrials : place)
    assert.equal(code, 0, `${block.place} ended with ${code}:\n${output}`)
  }
}

test('environment.md has the variables that the program reads, and no others', () => {
  const read = new Set(sourcesIn('src').flatMap(({ text }) => variablesIn(text)))
  const page = pages.find(({ path }) => path === 'docs/environment.md')?.text ?? ''
  const described = new Set([...page.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name = '']) => name))
  assert.deepEqual(
    [...read].filter((name) => !described.has(name)),
    [],
    'not described',
  )
  assert.deepEqual(
    [...described].filter((name) => !read.has(name)),
    [],
    'read by nothing',
  )
})

const complaint = (place: string, argv: readonly string[], wrong: string | null): string[] =>
  wrong === null ? [] : [`${place}: operator ${argv.join(' ')}: ${wrong}`]

/** Relative links, and those by reference. */
const linksIn = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)]
    .map(([, inline, reference]) => inline ?? reference ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))

function* allBelow(command: Command): Iterable<Command> {
  yield command
  for (const child of command.commands) yield* allBelow(child)
}

/** Sources of the product. */
function sourcesIn(folder: string): { path: string; text: string }[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter(
      (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && statSync(join(root, path)).isFile(),
    )
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** `process.env.NAME`, `env.NAME`, and names of ours in texts. */
const variablesIn = (text: string): string[] =>
  [...text.matchAll(/\benv\.([A-Z][A-Z_]+)\b|['"`](OPERATOR_[A-Z_]+[A-Z])['"`]/g)].map(
    ([, read, own]) => read ?? own ?? '',
  )
