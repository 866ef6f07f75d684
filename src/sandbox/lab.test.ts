import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slowed } from '../../test/standins/until.ts'
import type { Cluster } from '../lab/contract.ts'
import { allPids, procFile } from '../lab/netns/process.ts'
import { labSandbox } from './lab.ts'

test('what is asked of an engine between two commands is told with the next one, once', async () => {
  let log = 'of somebody before\n'
  const cluster = {
    id: 'c1',
    lab: 'docker',
    enter: (argv: readonly string[]) => [...argv],
    // A line at a time.
    engineRequests: async (since: number | null) => {
      const [line = '', ...more] = log.slice(since ?? log.length).split('\n')
      if (since === null || more.length === 0) return { requests: [], mark: log.length }
      return { requests: [line], mark: since + line.length + 1 }
    },
  } as unknown as Cluster
  const sandbox = labSandbox(cluster)
  const told = async () => {
    const limits = { timeoutMs: slowed(10_000), signal: new AbortController().signal, maxBytes: 1_000 }
    await sandbox.exec('true', limits)
    return (await Array.fromAsync(sandbox.engineRequests?.() ?? [])).flat()
  }
  assert.deepEqual(await told(), [])
  log += 'left behind\nand another\n'
  assert.deepEqual(await told(), ['left behind', 'and another'])
  assert.deepEqual(await told(), [])
})

test('in a lab without a way of its own, what a command leaves behind ends at its time limit, too', {
  skip: process.platform !== 'linux',
}, async () => {
  const cluster = { id: 'c1', lab: 'docker', enter: (argv: readonly string[]) => [...argv] }
  const mark = `8${process.pid}`
  const command = `( env -i setsid sh -c "env -i sleep ${mark} & sleep ${mark}" & ); ulimit -Su "$(ulimit -Hu)"; ulimit -u; sleep 60`
  const { timedOut, stdout } = await labSandbox(cluster as unknown as Cluster).exec(command, {
    timeoutMs: 500,
    signal: new AbortController().signal,
    maxBytes: 1_000,
  })
  assert.equal(timedOut, true)
  assert.ok(Number(stdout) < 100_000, `it may have ${stdout.trim()} processes`)
  assert.deepEqual(
    allPids().filter((pid) => procFile(pid, 'cmdline') === `sleep\0${mark}\0`),
    [],
  )
})
