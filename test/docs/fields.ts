/**
 * The paths of all fields of a document: `at.injected`, `trials[].id`. Below a path that the page describes as a map (`values.*`),
 * keys are data.
 */
export function fieldsOf(document: unknown, maps: ReadonlySet<string>, path = ''): Set<string> {
  if (Array.isArray(document))
    return document.length > 0
      ? union(document.map((one) => fieldsOf(one, maps, `${path}[]`)))
      : new Set([`${path}[]`])
  if (typeof document !== 'object' || document === null) return new Set([path])
  if (maps.has(`${path}.*`) || (path === '' && maps.has('*'))) {
    const below = Object.values(document).map((one) => fieldsOf(one, maps, path === '' ? '*' : `${path}.*`))
    return union(below.length > 0 ? below : [new Set([path === '' ? '*' : `${path}.*`])])
  }
  const below = Object.entries(document).map(([key, value]) =>
    fieldsOf(value, maps, path === '' || path.endsWith('[]') ? joined(path, key) : `${path}.${key}`),
  )
  return union(below.length > 0 ? below : [new Set([path])])
}

const joined = (path: string, key: string) => (path === '' ? key : `${path}.${key}`)

const union = (sets: readonly Set<string>[]): Set<string> => new Set(sets.flatMap((set) => [...set]))

/** `a.*.b` means that the keys below `a` are data. */
export const mapsIn = (field: string): string[] =>
  [...field.matchAll(/\*/g)].map(({ index }) => field.slice(0, index + 1))

/** `a.*` at the end of a row stands for everything below `a`. */
const covers = (row: string, field: string) => row === field || (row.endsWith('*') && field.startsWith(row))

/** Fields that no row describes. Where `a` is null, `a.b` describes it. */
export const undocumentedIn = (printed: ReadonlySet<string>, rows: readonly string[]): string[] =>
  [...printed].filter((field) => !rows.some((row) => covers(row, field) || row.startsWith(`${field}.`)))

export const isPrintedIn = (printed: ReadonlySet<string>, row: string): boolean =>
  [...printed].some((field) => covers(row, field))

/** What docs/json.md says of the output of one command. */
interface Documented {
  command: string
  fields: string[]
  optional: Set<string>
  exitCode: number
  /** It is run where campaigns are stored. */
  isStored: boolean
}

/** The tables of the page below headings that are commands and have a mark. */
export function documentsIn(page: string): Documented[] {
  const documents = new Map<string, Documented>()
  for (const section of page.split(/^### /m).slice(1)) {
    const [, command] = /^`(operator [^`]+)`$/m.exec(section.split('\n')[0] ?? '') ?? []
    const [, mark] = /^<!-- test: (run.*) -->$/m.exec(section) ?? []
    if (command === undefined || mark === undefined) continue
    const fields: string[] = []
    const optional = new Set<string>()
    for (const [, names = '', meaning = ''] of section.matchAll(/^\| (`.*?`) \| (.*) \|$/gm)) {
      const own = [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
      fields.push(...own)
      if (meaning.endsWith('(optional)')) for (const name of own) optional.add(name)
    }
    const [, prefix, other] = /; with (\S+) of (.*)$/.exec(mark) ?? []
    const shared = documents.get(other ?? '')
    if (shared && prefix !== undefined) {
      const own = (name: string) => (name.startsWith(`${prefix}.`) ? [name.slice(prefix.length + 1)] : [])
      fields.push(...shared.fields.flatMap(own))
      for (const name of [...shared.optional].flatMap(own)) optional.add(name)
    }
    documents.set(command, {
      command,
      fields,
      optional,
      exitCode: /exit 1/.test(mark) ? 1 : 0,
      isStored: /with trials/.test(mark),
    })
  }
  return [...documents.values()]
}
