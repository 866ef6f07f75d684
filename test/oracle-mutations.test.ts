import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** [what the oracle checks, the file, its code, the code without the check] */
const checks: [string, string, string, string][] = [
  ['every node serves', 'oracle', 'nodes.every((healthy) => healthy === true)', 'true'],
  ['a node of which nothing is known is not well', 'oracle', 'healthy === true', 'healthy !== false'],
  ['somebody is there at all', 'oracle', 'nodes.length > 0 && ', ''],
  ['no critical invariant is violated', 'oracle', 'probe.violated.length === 0 && ', ''],
  ['the load fails no more than before', 'oracle', 'injectedAt && isBad(sample)', 'injectedAt && false'],
  ['the load does anything', 'oracle', 'sample.ops === 0 || ', ''],
  ['a time without looks is not well', 'oracle', '|| isBeforeBlink(probe, probes[i + 1])', ''],
  ['a look before the damage proves nothing', 'oracle', 'Math.max(injectedAt, ', 'Math.max(0, '],
  ['an answer proves nothing of before it came', 'oracle', 'firstGood?.until ?? ', ''],
  ['it lasts for the settle window', 'oracle', ' && until - since >= settleMs', ''],
  ['no acknowledged write is lost', 'score', 'if (lostWrites.length > 0)', 'if (false)'],
  ['nothing is read that nobody wrote', 'score', 'if (phantomReads.length > 0)', 'if (false)'],
  ['data and topology are there', 'score', ', ...lossesOf(record, since)', ''],
  ['planted data are there', 'score', ', ...dataLossesOf(record)', ''],
  ['harm is of those who worked', 'score', 'if (since === null) return []', ''],
  [
    'what was done before the fault is no harm',
    'score',
    'at >= (injectedAt ?? 0)))\n}\n\n/** When something',
    'true))\n}\n\n/** When something',
  ],
  ['a program may do harm that no command shows', 'score', ', ...programs]', ']'],
  ['what is done past the shell may do harm', 'score', ', ...beside.map(({ at }) => at)', ''],
  ['and may repair', 'score', '[...past, ...calls', '[...calls'],
  ['data that is read is on the disks', 'score', 'if (!isOnDisk(record)) return null', ''],
  ['a fault in place is not over', 'score', 'if (isInPlace(record)) return null', ''],
  ['a fault that was never looked at is not in place', 'score', 'faultSeenAt != null && ', ''],
  ['something was changed before it was well', 'score', '!changedBefore || ', ''],
  ['only what may change something counts', 'score', 'calls.filter(mayChange)', 'calls'],
  [
    'a program that is not there changes nothing',
    'score',
    ' && !(exitCode === notFound && parts.length <= 1)',
    '',
  ],
  ['somebody claims it', 'score', '!claimed || ', ''],
  [
    'the monitor confirms it',
    'score',
    "if (resolvedAt === null) return { kind: 'unresolved'",
    "if (false) return { kind: 'unresolved'",
  ],
  [
    'a claim that does not hold is told',
    'score',
    "status === 'fixed')) return { kind: 'false_claim'",
    "status === 'fixed') && false) return { kind: 'false_claim'",
  ],
  ['every process runs', 'score', "state !== 'running'", 'false'],
  [
    'nothing was ever wrong',
    'score',
    "=== null) return { kind: 'unaffected' }",
    "=== null && false) return { kind: 'unaffected' }",
  ],
  [
    'damage that is felt by nobody is still damage',
    'score',
    'if (!wellWithIt) return Math.max',
    'return Math.max',
  ],
  ['a lull before anybody changed anything is no recovery', 'score', 'endedSince(record) ?? since', 'since'],
  ['damage that passes is nobody’s merit', 'score', 'record.lasting && ', ''],
  ['nothing was broken', 'score', 'if (isHarmless(record)) return ofHarmless(record, recovered)', ''],
  ['a model that never answered is no agent', 'score', 'if (modelNeverAnswered(record))', 'if (false)'],
  [
    'a ticket after all was well is no unfinished repair',
    'score',
    'recovered === null || ticket.openedAt <= recovered',
    'true',
  ],
  ['what fell before anybody worked is nobody’s harm', 'state', '.filter(({ at }) => at >= workedSince)', ''],
  ['unreadable data is gone only where no disk holds it', 'state', 'unreadable === 0 ? [] : ', ''],
  ['and where too few disks hold it', 'state', 'holding.length < needed)', 'false)'],
  ['only losses are harm', 'state', '.filter(({ isLoss }) => isLoss)', ''],
  ['what the fault took is nobody’s harm', 'state', 'broken ?? []', '[]'],
  [
    'only a look before the repair tells what the fault took',
    'state',
    '(states.brokenAt ?? 0) < workedSince',
    'true',
  ],
  [
    'what a broken cluster does not tell is as it was',
    'state',
    'withNewer(states.initial ?? [], broken ?? [])',
    'broken ?? []',
  ],
  ['a member that is to be replaced may be', 'state', 'record.replaceable?.includes(fact.node)', 'false'],
  ['and may be on the way', 'state', ' && !replaceable.includes(one)', ''],
  ['what is missing is seen', 'state', '!after.includes(one)', 'false'],
  ['what is new is seen', 'state', '!before.includes(one)', 'false'],
  ['what may only grow does', 'state', 'value < from ?', 'false ?'],
  [
    'one observation does not prove a fall',
    'state',
    'const observationsToBelieve = 2',
    'const observationsToBelieve = 1',
  ],
]

/** The unit tests that stand for a file, in a copy of the sources. */
async function testsPass(place: string, file: string): Promise<boolean> {
  const tests = file === 'score' ? ['score', 'harm'] : [file, 'score', 'harm']
  for (const name of tests) {
    const child = spawn(process.execPath, [join(place, `src/eval/judge/${name}.test.ts`)], {
      stdio: 'ignore',
      env: {},
    })
    const [code] = await once(child, 'exit')
    if (code !== 0) return false
  }
  return true
}

describe('what the oracle checks: without any one of them, a unit test fails', { concurrency: 2 }, () => {
  const places: string[] = []
  const copy = () => {
    const place = mkdtempSync(join(tmpdir(), 'oracle-'))
    places.push(place)
    for (const part of ['src', 'test/standins', 'package.json'])
      cpSync(join(root, part), join(place, part), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'))
    return place
  }
  after(() => {
    for (const place of places) rmSync(place, { recursive: true, force: true })
  })
  before(async () => {
    const place = copy()
    for (const file of ['oracle', 'score', 'state'])
      assert.ok(await testsPass(place, file), `${file}, as it is`)
  })

  for (const [what, file, check, without] of checks)
    test(what, async () => {
      const place = copy()
      const path = join(place, `src/eval/judge/${file}.ts`)
      const text = readFileSync(path, 'utf8')
      assert.equal(text.split(check).length, 2, `${file}.ts has it once: ${check}`)
      writeFileSync(
        path,
        text.replace(check, () => without),
      )
      assert.equal(await testsPass(place, file), false)
    })
})
