import { docker } from '../src/lab/docker/docker.ts'
import { connect } from '../src/subjects/etcd/observe/observe.ts'
import { topology } from '../src/subjects/etcd/topology.ts'
import { noDocker } from '../test/standins/docker.ts'
import { type Bench, row, timed, times } from './row.ts'

const never = new AbortController().signal

/** From nothing to three healthy members in containers, and back: `scripts/docker-engine run npm run bench -- --only docker`. */
export const dockerLab: Bench = async ({ runs }) => {
  const why = await noDocker()
  if (why) {
    process.stderr.write(`docker: left out: ${why}\n`)
    return []
  }
  const all = await times(runs, async () => {
    const made = await timed(() => docker.up(topology(3), { signal: never }))
    const elected = await timed(async () => {
      await using connection = connect(made.result.endpoints)
      for (;;) {
        const { nodes } = await connection.observe(never)
        if (Object.values(nodes).every(({ healthy }) => healthy)) return
      }
    })
    const ended = await timed(async () => await made.result[Symbol.asyncDispose]())
    return { made: made.ms, healthy: made.ms + elected.ms, ended: ended.ms }
  })
  return [
    row(
      'docker: nothing to 3 healthy etcd members',
      all.map(({ healthy }) => healthy),
      'ms',
      { target: 6_000 },
    ),
    row(
      '  containers made and started',
      all.map(({ made }) => made),
      'ms',
    ),
    row(
      'docker: back to nothing',
      all.map(({ ended }) => ended),
      'ms',
    ),
  ]
}
