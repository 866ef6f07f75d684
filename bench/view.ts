import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../src/core/clock.ts'
import { rngFrom } from '../src/core/rng.ts'
import { operator } from '../test/standins/operator.ts'
import { until } from '../test/standins/until.ts'
import { addCampaigns, addTemplates } from './eval-store-fill.ts'
import { type Bench, quantile, type Row, timed } from './row.ts'

/** 100,000 trials with 5 million entries, in campaigns of every size. */
const campaigns = [10_000, ...Array(6).fill(5_000), ...Array(60).fill(1_000)]
const targets = { pageMs: 100, searchMs: 300, pageKiB: 150, rssMiB: 300 }
const callsATrial = 18
const asks = 40

/** The viewer with many trials: how long each page takes its server, how heavy it is, what memory all of it needs. */
export const view: Bench = async ({ runs }) => {
  const folder = mkdtempSync(join(tmpdir(), 'view-'))
  const path = join(folder, 'eval.db')
  try {
    await addTemplates(path, callsATrial)
    addCampaigns(path, campaigns)
    const { entries, indexMs } = index(path)
    const { rows, first } = await pagesOf(path, runs)
    const size = Math.round(statSync(path).size / 2 ** 20)
    const what = `indexing ${entries} entries, once, in a database of ${size} MiB`
    return [{ what, value: indexMs / 1_000, unit: 's' }, ...first, ...rows]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The filler writes past the program: what is written by it is in the index already. */
function index(path: string): { entries: number; indexMs: number } {
  using db = new DatabaseSync(path)
  const from = performance.now()
  db.exec(`insert into search_index (rowid, command, output, reasoning)
    select trial_id * 1048576 + seq, case kind when 'tool_call' then body end, case kind when 'tool_result' then body end,
      case kind when 'reasoning' then body end
    from entries where trial_id > 60; pragma wal_checkpoint(truncate)`)
  const { n } = db.prepare('select count(*) as n from entries').get() as { n: number }
  return { entries: n, indexMs: performance.now() - from }
}

async function pagesOf(path: string, runs: number): Promise<{ rows: Row[]; first: Row[] }> {
  const argv = ['eval', 'viewer', '--eval-db', path, '--port', '0', '--json']
  const bin = join(import.meta.dirname, '../bin/operator')
  await using running = operator(argv, {}, ([_node, _main, ...args]) => [bin, ...args])
  await until('the viewer says where it is', () => running.stdout().includes('}'), 60_000)
  const { url } = JSON.parse(running.stdout()) as { url: string }
  const ask = async (page: string) => {
    const answer = await fetch(url + page)
    const body = await answer.arrayBuffer()
    if (answer.status !== 200) throw new Error(`${page}: ${answer.status}`)
    return body.byteLength
  }
  const first: Row[] = []
  for (const [what, page] of [
    ['the first page after the start, which reads every figure', ''],
    ['the first analysis of the campaign of 10000', 'c/2/analysis'],
    ['the first verdict on two campaigns of 1000', 'compare?a=c9&b=c11'],
  ] as const) {
    const { ms, longest } = await besides(ask, page)
    const ratio = `whoever asked for another page meanwhile waited ${longest.toFixed(1)} ms at most`
    first.push({ what, value: ms, unit: 'ms', ratio })
  }
  const rng = rngFrom(1)
  const trial = () => 61 + rng.int(100_000)
  const campaign = () => 2 + rng.int(campaigns.length)
  const pages: [what: string, page: () => string, target: number][] = [
    ['campaigns', () => `?page=${rng.int(3)}`, targets.pageMs],
    ['a campaign of 1000 to 10000 trials', () => `c/${campaign()}`, targets.pageMs],
    ['the campaign of 10000 trials, filtered', () => 'c/2?arm=default&sort=recover', targets.pageMs],
    ['a trial', () => `t/${trial()}`, targets.pageMs],
    ['two trials', () => `compare?a=t${trial()}&b=t${trial()}`, targets.pageMs],
    ['the analysis of the campaign of 10000', () => 'c/2/analysis', targets.pageMs],
    ['two campaigns of 1000', () => `compare?a=c${9 + rng.int(2)}&b=c11`, targets.pageMs],
    ['search, a word of every transcript', () => 'search?q=svc', targets.searchMs],
    ['search, two words in a row and another', () => 'search?q="svc logs" 11&in=command', targets.searchMs],
    ['search, a word and a campaign', () => `search?q=logs&campaign=c${campaign()}`, targets.searchMs],
    ['search, a word and an outcome', () => 'search?q=svc&outcome=harmful', targets.searchMs],
  ]
  const rows: Row[] = []
  for (const [what, page, target] of pages) {
    const took: number[] = []
    let bytes = 0
    const before = processorMs(running.child.pid)
    for (let i = 0; i < asks * runs; i++) {
      const { ms, result } = await timed(() => ask(page()))
      took.push(ms)
      bytes = Math.max(bytes, result)
    }
    const [min, max] = [Math.min(...took), Math.max(...took)]
    const each = (processorMs(running.child.pid) - before) / took.length
    const ratio = `half of them within ${quantile(took, 0.5).toFixed(1)} ms; ${each.toFixed(1)} ms of processor each`
    rows.push({ what: `${what}, p95`, value: quantile(took, 0.95), unit: 'ms', min, max, target, ratio })
    rows.push({ what: '  its weight, at most', value: bytes / 1024, unit: 'KiB', target: targets.pageKiB })
  }
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${running.child.pid}/status`, 'utf8'))?.[1]
  const memory = { what: 'memory of the viewer, at most', value: Number(peak) / 1024, unit: 'MiB' }
  return { rows: [...rows, { ...memory, target: targets.rssMiB }], first }
}

type Ask = (page: string) => Promise<number>

/** How long a page takes, and how long the longest wait of somebody was who asked for others until it came. */
async function besides(ask: Ask, page: string): Promise<{ ms: number; longest: number }> {
  let isOver = false
  const asked = timed(() => ask(page)).finally(() => {
    isOver = true
  })
  let longest = 0
  while (!isOver) {
    longest = Math.max(longest, (await timed(() => ask('help'))).ms)
    await systemClock.sleep(10)
  }
  return { ms: (await asked).ms, longest }
}

/** All that a process has used, to the kernel's tick of 10 ms. */
function processorMs(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}
