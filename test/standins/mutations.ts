import type { Page } from './scripted-http.ts'

// Every way in which an answer can fail to be what it should be.

export type Answer = Exclude<Page, string>

export interface Mutation {
  what: string
  of(page: Answer): Page
}

const cut = (body: string) => body.slice(0, Math.floor(body.length / 2))
const always = (what: string, page: Page): Mutation => ({ what, of: () => page })
/** More than any subject reads of an answer. */
const tooLong = ' '.repeat((4 << 20) + 1)

/** Whatever the page is. */
const ofAnyPage: Mutation[] = [
  { what: 'is a 500', of: (page) => ({ ...page, status: 500 }) },
  { what: 'is a 203', of: (page) => ({ ...page, status: 203 }) },
  { what: 'is cut', of: (page) => ({ ...page, body: cut(page.body) }) },
  { what: 'is too long', of: (page) => ({ ...page, body: page.body + tooLong }) },
  {
    what: 'says gzip and is not',
    of: (page) => ({ ...page, headers: { ...page.headers, 'content-encoding': 'gzip' } }),
  },
  always('is a reset', 'reset'),
  always('is a 404', { status: 404, body: '404 page not found\n' }),
  always('is a 204', { status: 204, body: '' }),
  always('is empty', { body: '' }),
  always('is {}', { body: '{}' }),
  always('is null', { body: 'null' }),
  always('is []', { body: '[]' }),
  always('is a number', { body: '7' }),
  always('is HTML', { body: '<html>maintenance</html>', headers: { 'content-type': 'text/html' } }),
]

/** What a value of a document becomes; undefined: the key is left out. */
const wrongValues: [string, unknown][] = [
  ['null', null],
  ['no', undefined],
  ['text', 'NaN'],
  ['-1', -1],
  ['1e300', 1e300],
  ['[]', []],
  ['{}', {}],
]

/** Every key of a document, at any depth; its lists the other way round, empty, and twice as long. */
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
    ...[...keys].flatMap((key) =>
      wrongValues.map(([what, wrong]) =>
        edit(`has ${what} for ${key}`, (name, value) => (name === key ? wrong : value)),
      ),
    ),
  ]
}

const withValue = (line: string, value: string) => line.replace(/ [^ ]+$/, value)

/** Every family of a page of metrics; all lines the other way round; a page that ends in the middle of a line. */
function ofMetrics(body: string): Mutation[] {
  const families = new Set(body.split('\n').flatMap((line) => /^[a-z_0-9]+/.exec(line)?.[0] ?? []))
  const lines = (what: string, change: (all: string[]) => string[]): Mutation => ({
    what,
    of: (page) => ({ ...page, body: `${change(page.body.trimEnd().split('\n')).join('\n')}\n` }),
  })
  const each = (family: string, what: string, change: (line: string) => string | string[]) =>
    lines(`${what} ${family}`, (all) =>
      all.flatMap((line) => (/^[a-z_0-9]+/.exec(line)?.[0] === family ? change(line) : [line])),
    )
  return [
    lines('is the other way round', (all) => all.toReversed()),
    lines('has no numbers', (all) => all.map((line) => withValue(line, ' NaN'))),
    { what: 'ends in the middle of a line', of: (page) => ({ ...page, body: page.body.slice(0, -3) }) },
    ...[...families].flatMap((family) => [
      each(family, 'has no', () => []),
      each(family, 'has NaN for', (line) => withValue(line, ' NaN')),
      each(family, 'has -1 for', (line) => withValue(line, ' -1')),
      each(family, 'has 1e300 for', (line) => withValue(line, ' 1e+300')),
      each(family, 'has +Inf for', (line) => withValue(line, ' +Inf')),
      each(family, 'has text for', (line) => withValue(line, ' many')),
      each(family, 'has no value for', (line) => withValue(line, '')),
      each(family, 'has a second, empty series of', (line) => [withValue(line, ' 0'), line]),
    ]),
  ]
}

/** All of them that fit a page. */
export function mutationsOf(page: Answer): Mutation[] {
  const body = page.body.trimStart()
  if (/^[[{]/.test(body)) return [...ofAnyPage, ...ofDocument(body)]
  return /^[a-z_0-9]+(\{.*\})? \S+$/m.test(body) ? [...ofAnyPage, ...ofMetrics(body)] : ofAnyPage
}
