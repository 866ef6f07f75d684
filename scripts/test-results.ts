import { relative } from 'node:path'
import type { EventData } from 'node:test'

/** What became of a test, a suite or a whole file. Ids are unique within a file. */
export interface TestResult {
  file: string
  id: number
  parentId: number
  name: string
  kind: 'test' | 'suite' | 'file'
  passed: boolean
  /** Why it did not run; null when it did. */
  skipped: string | null
  ms: number
}

/** What is tried again as one: the outermost test around something that failed, a suite whose hook failed, or a file. */
export interface Failure {
  file: string
  title: string
  /** For --test-name-pattern; null: all of the file. */
  pattern: string | null
}

type Ended = (EventData.TestPass | EventData.TestFail) & {
  // Not in the types: https://nodejs.org/docs/latest-v24.x/api/test.html#event-testpass
  testId?: number
  parentId?: number
}

/** Relative to here. A file as a whole is reported as a test that has its path for a name. */
export const nameOf = (file: string | undefined): string => relative(process.cwd(), file ?? '')

export function resultOf(data: Ended, passed: boolean): TestResult {
  const file = nameOf(data.file)
  const isFile = data.nesting === 0 && nameOf(data.name) === file
  const skip = data.skip ?? false
  return {
    file,
    id: isFile ? 0 : (data.testId ?? 0),
    parentId: data.parentId ?? 0,
    name: data.name,
    kind: isFile ? 'file' : data.details.type === 'suite' ? 'suite' : 'test',
    passed,
    skipped: skip === false ? null : skip === true ? 'no reason given' : skip,
    ms: data.details.duration_ms,
  }
}

export function failuresOf(results: readonly TestResult[]): Failure[] {
  const byFile = Map.groupBy(
    results.filter(({ passed }) => !passed),
    ({ file }) => file,
  )
  return [...byFile].flatMap(([file, failed]): Failure[] => {
    const inside = failed.filter(({ kind }) => kind !== 'file')
    if (inside.length === 0) return [{ file, title: 'the file as a whole', pattern: null }]
    const byId = new Map(inside.map((result) => [result.id, result]))
    const parents = new Set(inside.map(({ parentId }) => parentId))
    const leaves = inside.filter(({ id }) => !parents.has(id))
    const names = leaves.map((leaf) => {
      // Everything around a failed test has failed, too.
      const path: TestResult[] = []
      for (let at: TestResult | undefined = leaf; at; at = byId.get(at.parentId)) path.unshift(at)
      const outermost = path.findIndex(({ kind }) => kind === 'test')
      return path.slice(0, outermost < 0 ? path.length : outermost + 1).map(({ name }) => name)
    })
    const titles = new Map(names.map((path) => [path.join(' '), path]))
    return [...titles.keys()].map((title) => ({ file, title, pattern: `^${RegExp.escape(title)}( |$)` }))
  })
}
