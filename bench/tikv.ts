import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { connect } from '../src/subjects/tikv/observe/observe.ts'
import { type Bench, quantile, type Row, row, timed, times } from './row.ts'

const program = join(import.meta.dirname, '../test/standins/tikv/large-pd.ts')
const watcher = join(import.meta.dirname, 'tikv-watcher.ts')
const size = { stores: 1_000, regions: 100_000 }
const troubled = 34_000
/** A real PD to measure instead of the stand-in, as its URL: OPERATOR_BENCH_PD=http://127.0.0.1:2379 */
const realPd = process.env.OPERATOR_BENCH_PD

/** How long PD takes for its members, ms: the median. */
async function membersMs(url: string, seconds: number): Promise<number> {
  const all: number[] = []
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) {
    const { ms } = await timed(() => fetch(`${url}/pd/api/v1/members`).then((response) => response.text()))
    all.push(ms)
    await systemClock.sleep(20)
  }
  return quantile(all, 0.5)
}

/** What the monitor costs the PD of a cluster in trouble: its answer to others, with and without a look every second. */
async function slowdown(url: string, rounds: number): Promise<number[]> {
  const ratios: number[] = []
  for (let i = 0; i < rounds; i++) {
    const alone = await membersMs(url, 5)
    const watching = spawn(process.execPath, [watcher, url], { stdio: 'inherit' })
    try {
      await systemClock.sleep(2_000)
      ratios.push((await membersMs(url, 5)) / alone)
    } finally {
      watching.kill()
    }
  }
  return ratios
}

/** Large clusters of TiKV through their PD, which is a stand-in unless a real one is given. */
export const tikv: Bench = async ({ runs }) => {
  const rows = await observeRows({ runs })
  const child = realPd === undefined ? standIn(size.stores, size.regions, troubled) : null
  try {
    const url = realPd ?? String((await once(child?.stdout ?? process.stdin, 'data'))[0]).trim()
    const of = realPd === undefined ? 'a stand-in for PD' : 'a real PD'
    const ratios = await slowdown(url, Math.max(3, runs))
    return [
      ...rows,
      row(
        `members of ${of}, ${troubled} regions in trouble: times as slow while a monitor looks`,
        ratios,
        'x',
        {
          target: 1.1,
        },
      ),
    ]
  } finally {
    child?.kill()
  }
}

const standIn = (...args: number[]): ChildProcess =>
  spawn(process.execPath, [program, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] })

async function observeRows({ runs }: { runs: number }): Promise<Row[]> {
  const child = standIn(size.stores, size.regions)
  try {
    const [url] = await once(child.stdout ?? process.stdin, 'data')
    const signal = new AbortController().signal
    await using connection = connect({ 'pd-1': { url: String(url).trim() } })
    const before = process.memoryUsage.rss()
    // The first ones fill what the stand-in computes once, and what Node compiles.
    for (let i = 0; i < 3; i++) await connection.observe(signal)
    const observations = await times(10 * runs, () => timed(() => connection.observe(signal)))
    const moreMiB = (process.memoryUsage.rss() - before) / 2 ** 20
    const [last] = observations.slice(-1)
    if (last?.result.cluster.stores?.length !== size.stores || last.result.cluster.regions !== size.regions)
      throw new Error('the look did not see all of it')
    return [
      row(
        `look at a TiKV cluster of ${size.stores} stores and ${size.regions} regions`,
        observations.map(({ ms }) => ms),
        'ms',
        { target: 150 },
      ),
      row('  memory that it takes', [moreMiB], 'MiB', { target: 64 }),
    ]
  } finally {
    child.kill()
  }
}
