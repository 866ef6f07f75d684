import { appendFileSync, constants, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { chains, type Head, headsOf } from './chain.ts'

/**
 * The heads of the chains, kept in a file beside the database: without it, a database whose last rows were cut off looks
 * complete. Each commit that made a chain longer appends a line, so many processes need no lock. The file is never ahead of
 * the database: a process that is killed after its commit leaves the line to the next one.
 */
export const headsFile = (dbPath: string): string => `${dbPath}-heads`

const compactAboveBytes = 256 * 1024
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW

/** Call after each commit of a connection. */
export function headKeeper(dbPath: string): (db: DatabaseSync) => void {
  const file = headsFile(dbPath)
  const kept = new Map<string, number>()
  return (db) => {
    const news = headsOf(db).filter(({ chain, seq }) => seq > (kept.get(chain) ?? 0))
    if (news.length === 0) return
    try {
      appendFileSync(file, news.map(lineOf).join(''), { mode: 0o600, flag: appending as never })
      if (statSync(file).size > compactAboveBytes) compact(file)
    } catch {
      return // the commit holds, and its caller must not be told otherwise; the next one writes the missing line
    }
    for (const { chain, seq } of news) kept.set(chain, seq)
  }
}

const lineOf = ({ chain, seq, hash }: Head): string => `${chain} ${seq} ${hash}\n`

/** The last head of a chain covers all earlier ones. Lines that other processes append meanwhile are lost here, and appended again by them. */
function compact(file: string): void {
  const furthest = new Map<string, Head>()
  for (const head of readHeads(file) ?? [])
    if (head.seq > (furthest.get(head.chain)?.seq ?? 0)) furthest.set(head.chain, head)
  const next = `${file}.${process.pid}`
  writeFileSync(next, [...furthest.values()].map(lineOf).join(''), { mode: 0o600 })
  renameSync(next, file)
}

/** All heads that were kept, in their order; null: there is no such file. */
export function readHeads(file: string): Head[] | null {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return null
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, seq, hash] = /^(\w+) (\d{1,15}) ([0-9a-f]{64})$/.exec(line) ?? []
      const chain = chains.find((known) => known === name)
      return chain && hash ? [{ chain, seq: Number(seq), hash }] : []
    })
}
