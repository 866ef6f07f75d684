import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '../src/core/clock.ts'
import { systemClock } from '../src/core/clock.ts'
import { connect } from '../src/subjects/tikv/observe/observe.ts'
import { tikv } from '../src/subjects/tikv/subject.ts'
import { verdictsOf } from '../src/testing/subject.ts'
import type { Answer } from './standins/mutations.ts'
import type { Page } from './standins/scripted-http.ts'
import { sickPds, sickStores, sickTikv } from './standins/tikv/sick.ts'

const never = new AbortController().signal
const everyMs = 5_000

interface Mutation {
  what: string
  of(page: Answer): Page
}

const cut = (body: string) => body.slice(0, Math.floor(body.length / 2))
/** Whatever the page is. */
const anyPage: Mutation[] = [
  { what: 'is a 500', of: (page) => ({ ...page, status: 500 }) },
  { what: 'is a 404', of: () => ({ status: 404, body: '404 page not found\n' }) },
  { what: 'is a 204', of: () => ({ status: 204, body: '' }) },
  { what: 'is cut', of: ({ status = 200, body }) => ({ status, body: cut(body) }) },
  { what: 'is empty', of: () => ({ body: '' }) },
  { what: 'is {}', of: () => ({ body: '{}' }) },
  { what: 'is null', of: () => ({ body: 'null' }) },
  { what: 'is []', of: () => ({ body: '[]' }) },
  { what: 'is HTML', of: () => ({ body: '<html>maintenance</html>' }) },
]

/** Every key of a document, at any depth: set to null, left out, and to what is not its kind. Lists the other way round. */
function ofDocument(body: string): Mutation[] {
  const keys = new Set<string>()
  JSON.parse(body, (key, value) => {
    if (key !== '' && !/^\d+$/.test(key)) keys.add(key)
    return value
  })
  const edit = (what: string, change: (key: string, value: unknown) => unknown): Mutation => ({
    what,
    of: (page) => ({ ...page, body: JSON.stringify(JSON.parse(page.body, change)) }),
  })
  return [
    edit('is the other way round', (_, value) => (Array.isArray(value) ? value.toReversed() : value)),
    edit('has no lists', (_, value) => (Array.isArray(value) ? [] : value)),
    edit('has strings for numbers', (_, value) => (typeof value === 'number' ? 'NaN' : value)),
    ...[...keys].flatMap((key) => [
      edit(`has null for ${key}`, (name, value) => (name === key ? null : value)),
      edit(`has no ${key}`, (name, value) => (name === key ? undefined : value)),
    ]),
  ]
}

/** Every family of a page: gone, and not a number; all lines the other way round; a page that ends in the middle of a line. */
function ofMetrics(body: string): Mutation[] {
  const families = new Set(body.split('\n').flatMap((line) => /^[a-z_0-9]+/.exec(line)?.[0] ?? []))
  const lines = (what: string, change: (all: string[]) => string[]): Mutation => ({
    what,
    of: (page) => ({ ...page, body: `${change(page.body.trimEnd().split('\n')).join('\n')}\n` }),
  })
  const nan = (line: string) => line.replace(/ [^ ]+$/, ' NaN')
  return [
    lines('is the other way round', (all) => all.toReversed()),
    lines('has no numbers', (all) => all.map(nan)),
    { what: 'ends in the middle of a line', of: (page) => ({ ...page, body: page.body.slice(0, -3) }) },
    ...[...families].flatMap((family) => [
      lines(`has no ${family}`, (all) => all.filter((line) => !line.startsWith(family))),
      lines(`has no number for ${family}`, (all) =>
        all.map((line) => (line.startsWith(family) ? nan(line) : line)),
      ),
    ]),
  ]
}

/** Answers that may be true: an empty list of what is paused, and what PD leaves out when it is false or 0. */
const truthful = (path: string, { what }: Mutation): boolean =>
  (path.endsWith('?status=paused') && /is (\[\]|null)|no lists/.test(what)) ||
  /has no (halt-scheduling|is_busy|pd_hotspot_status)/.test(what)

describe('a fault that stands', () => {
  test('is resolved by no answer that fails in any way', async () => {
    let now = 1_795_390_000_000
    const clock: Clock = { now: () => now, monotonic: () => now, sleep: (ms) => systemClock.sleep(ms) }
    await using cluster = await sickTikv(clock)
    await using connection = connect(cluster.endpoints, { clock })
    const observe = async () => {
      now += everyMs
      const verdicts = verdictsOf(tikv, await connection.observe(never))
      return new Map(verdicts.map(({ invariant, node, verdict }) => [`${invariant} ${node}`, verdict]))
    }
    const violatedIn = (verdicts: Awaited<ReturnType<typeof observe>>) =>
      [...verdicts].flatMap(([place, { kind }]) => (kind === 'violated' ? [place] : []))
    let standing: string[] = []
    const missing = () =>
      tikv.invariants
        .map(({ name }) => name)
        .filter((name) => !standing.some((place) => place.startsWith(`${name} `)))
    // All windows are full then; on a starved machine not every look sees everything.
    for (let i = 0; i < 20 || (i < 60 && missing().length > notHere.length); i++)
      standing = violatedIn(await observe())
    assert.deepEqual(missing(), notHere, 'all but these are violated in the sick cluster')

    const healed: string[] = []
    let tried = 0
    for (const node of [...sickPds, ...sickStores]) {
      for (const path of cluster.paths(node)) {
        const page = cluster.page(node, path)
        if (!page || typeof page === 'string') continue
        const own =
          path === '/metrics' ? ofMetrics(page.body) : /^[[{]\s/.test(page.body) ? ofDocument(page.body) : []
        for (const mutation of [...anyPage, ...own]) {
          if (truthful(path, mutation)) continue
          cluster.spoil = (at, asked, good) =>
            at === node && asked === path && typeof good !== 'string' ? mutation.of(good) : good
          const verdicts = await observe()
          tried++
          for (const place of standing)
            if (verdicts.get(place)?.kind === 'ok') healed.push(`${node} ${path} ${mutation.what}: ${place}`)
          cluster.spoil = (_, __, good) => good
          // Until all of it is seen again.
          for (let i = 0; i < 16; i++) {
            const again = violatedIn(await observe())
            if (standing.every((place) => again.includes(place))) break
          }
        }
      }
    }
    assert.deepEqual(healed, [], `${healed.length} of ${tried}`)
  })
})

/** Violated by nodes that are gone, by a whole cluster without a leader, or by what this one does not have. */
const notHere = ['node_down', 'pd_no_quorum', 'pd_leaderless', 'restarting', 'store_removed', 'disk_space']
