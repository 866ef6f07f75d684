// Looks at the TiKV cluster behind the PD at URL once a second, until it is ended.
//   node tikv-watcher.ts URL
import { systemClock } from '../src/core/clock.ts'
import { connect } from '../src/subjects/tikv/observe/observe.ts'

await using connection = connect({ 'pd-1': { url: process.argv[2] ?? '' } })
const signal = new AbortController().signal
for (;;) {
  const from = systemClock.monotonic()
  await connection.observe(signal)
  await systemClock.sleep(Math.max(0, 1_000 - (systemClock.monotonic() - from)))
}
