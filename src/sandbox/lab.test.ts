import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../lab/contract.ts'
import { labSandbox } from './lab.ts'

test('what is asked of an engine between two commands is told with the next one, once', async () => {
  let log = 'of somebody before\n'
  const cluster = {
    ...{ id: 'c1', lab: 'docker', enter: (argv: readonly string[]) => [...argv] },
    // A line at a time.
    engineRequests: async (since: number | null) => {
      const [line = '', ...more] = log.slice(since ?? log.length).split('\n')
      if (since === null || more.length === 0) return { requests: [], mark: log.length }
      return { requests: [line], mark: since + line.length + 1 }
    },
  } as unknown as Cluster
  const sandbox = labSandbox(cluster)
  const told = async () => {
    const limits = { timeoutMs: 10_000, signal: new AbortController().signal, maxBytes: 1_000 }
    await sandbox.exec('true', limits)
    return (await Array.fromAsync(sandbox.engineRequests?.() ?? [])).flat()
  }
  assert.deepEqual(await told(), [])
  log += 'left behind\nand another\n'
  assert.deepEqual(await told(), ['left behind', 'and another'])
  assert.deepEqual(await told(), [])
})
