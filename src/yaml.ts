import { readFileSync, statSync } from 'node:fs'
import { type Document, isMap, isNode, LineCounter, parseDocument, visit, type YAMLError } from 'yaml'
import { type ZodError, type ZodRawShape, type ZodType, z } from 'zod'
import { BadInput, messageOf } from './core/errors.ts'

/** Larger than any file that a person writes; keeps a wrong path from filling the memory. */
const maxBytes = 1024 * 1024

/** A schema of an object that refuses unknown keys and lists the known ones. */
export const strictKeys = <Shape extends ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `known: ${Object.keys(shape).join(', ')}` : undefined,
  })

/**
 * Reads a YAML file and checks it.
 * @throws BadInput `file:line:column key: what is wrong, what is allowed`, one line for each fault.
 */
export function readYaml<T>(path: string, schema: ZodType<T>): T {
  return parseYaml(path, readText(path), schema)
}

export function parseYaml<T>(path: string, text: string, schema: ZodType<T>): T {
  const { document, at } = documentOf(path, text)
  // The library warns of unknown tags, e.g. for code. We would read something else than was meant, so a warning is an error.
  const faults = [...document.errors, ...document.warnings].map(
    (error) => `${at(error.pos[0])} ${inOurWords(error)}`,
  )
  if (faults.length > 0) throw new BadInput(faults.join('\n'))
  const result = schema.safeParse(plainValue(document, at))
  if (result.success) return result.data
  throw new BadInput(describe(result.error, document, at).join('\n'))
}

/** `file:line:column key` of a key in a file that was read before, for errors that only a later check finds. */
export function placeIn(path: string, key: readonly (string | number)[]): string {
  const { document, at } = documentOf(path, readText(path))
  return `${at(offsetOf(document, key))} ${key.join('.')}`
}

function documentOf(path: string, text: string) {
  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
    return { document, at }
  } catch (error) {
    if (error instanceof RangeError) throw new BadInput(`${path}:1:1 ${tooDeep}`)
    throw error
  }
}

const tooDeep = 'lists and maps are nested too deeply'

/** Rewords errors of the library, whose advice is for programmers. */
function inOurWords({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here; allowed: one document in a file'
  if (message.startsWith('Maximum call stack size exceeded')) return tooDeep
  return message.split('\n')[0] ?? ''
}

/** Reads the file once, since a pipe can be read only once. */
export function readText(path: string): string {
  try {
    const kind = statSync(path)
    const { size } = kind
    // Pipes are allowed, e.g. what a shell makes of <(...).
    if (!kind.isFile() && !kind.isFIFO() && !kind.isDirectory())
      throw new BadInput(`${path}: cannot be read: not a file`)
    if (size > maxBytes) throw new BadInput(`${path}: ${size} bytes; allowed: up to ${maxBytes}`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    if (error instanceof BadInput) throw error
    if (error instanceof TypeError) throw new BadInput(`${path}:1:1 not UTF-8 text`)
    throw new BadInput(`${path}: cannot be read: ${messageOf(error)}`)
  }
}

/** Aliases are allowed, except circular ones and those that make a small file huge. */
function plainValue(document: Document, at: (offset: number) => string): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    JSON.stringify(value)
    return value
  } catch (error) {
    if (error instanceof RangeError) throw new BadInput(`${at(0)} ${tooDeep}`)
    throw new BadInput(`${at(oddAlias(document))} aliases: ${messageOf(error).split('\n')[0]}`)
  }
}

/** Position of an alias that refers to nothing, or to something that contains it. */
function oddAlias(document: Document): number {
  let found = 0
  visit(document, {
    Alias: (_, alias) => {
      const offset = alias.range?.[0] ?? 0
      const [from = 0, to = 0] = alias.resolve(document)?.range ?? [offset, offset + 1]
      if (offset < from || offset >= to) return undefined
      found = offset
      return visit.BREAK
    },
  })
  return found
}

function describe(error: ZodError, document: Document, at: (offset: number) => string): string[] {
  return error.issues.flatMap((issue) => {
    const key = issue.path.join('.')
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((unknown) => {
        const path = [...issue.path, unknown]
        return `${at(offsetOf(document, path))} ${path.join('.')}: unknown key; ${issue.message}`
      })
    return [`${at(offsetOf(document, issue.path))} ${key || '(the file)'}: ${issue.message}`]
  })
}

/** Position of a key; for a missing key, of its nearest parent. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const parent = path.length > 0 ? document.getIn(path.slice(0, -1), true) : null
  const map = path.length === 1 ? document.contents : parent
  if (isMap(map)) {
    const pair = map.items.find((item) => String(item.key) === String(path.at(-1)))
    if (isNode(pair?.key) && pair.key.range) return pair.key.range[0]
  }
  const node = document.getIn(path, true)
  if (isNode(node) && node.range) return node.range[0]
  return path.length > 0 ? offsetOf(document, path.slice(0, -1)) : 0
}
