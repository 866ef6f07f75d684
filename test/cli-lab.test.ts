import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { netns } from '../src/lab/netns/netns.ts'
import { slowed, until } from './standins/until.ts'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const id = `test-${process.pid}`

async function operator(args: string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [main, 'lab', ...args], { stdio: 'pipe', timeout: slowed(30_000) })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, out, err }
}

describe('operator lab', () => {
  after(() => operator(['down', id]))

  test('up returns when the cluster is healthy, and the cluster stays', async () => {
    const { code, out, err } = await operator(['up', 'etcd', '--size', '1', '--id', id, '--json'])
    assert.equal(code, 0, err)
    const up = JSON.parse(out)
    assert.deepEqual([up.id, up.subject, up.lab], [id, 'etcd', 'netns'])
    assert.match(up.endpoints['etcd-1'].url, /^http:\/\/[\d.]+:2379$/)
    const listed = JSON.parse((await operator(['ls', '--json'])).out)
    assert.ok(
      listed.some((info: { id: string; subject: string }) => info.id === id && info.subject === 'etcd'),
    )
    assert.match((await operator(['ls'])).out, new RegExp(`^${id}\\s+netns\\s+etcd\\s+etcd-1\\s`, 'm'))
    assert.equal((await operator(['wait', id])).code, 0)
  })

  test('up that is interrupted leaves no cluster', async () => {
    const other = `${id}-cut`
    const exists = async () => (await netns.list()).some((info) => info.id === other)
    const child = spawn(process.execPath, [main, 'lab', 'up', 'etcd', '--id', other], { stdio: 'ignore' })
    const exited = once(child, 'exit')
    const waits = () => {
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')
      return children.filter(Boolean).some((pid) => readFileSync(`/proc/${pid}/cmdline`).includes('\0wait\0'))
    }
    await until('the cluster is there, and waited for', waits, 30_000)
    assert.ok(await exists())
    child.kill('SIGINT')
    assert.deepEqual(await exited, [130, null])
    await until('it is gone', async () => !(await exists()), 20_000)
  })

  test('load says how it goes, and at the end that nothing was lost', async () => {
    const { code, out, err } = await operator(['load', id, '--for', '2500ms', '--json'])
    assert.equal(code, 0, err)
    const { samples, verdict } = JSON.parse(out)
    assert.ok(samples.length > 0 && verdict.acknowledged > 0, out)
    assert.deepEqual([verdict.lostWrites, verdict.phantomReads, verdict.unreadable], [[], [], 0])
    const told = await operator(['load', id, '--for', '1500ms'])
    assert.match(told.out, /operations {2}\d+ failed {2}p50 \d[\s\S]*OF THOSE LOST/)
  })

  test('exec gives the output and exit code of a command in a node’s network', async () => {
    const exec = await operator(
      ['exec', '--lab', id, 'etcd-1', '--', 'sh', '-c', 'ip -o -4 a; cat; exit 42'],
      'typed',
    )
    assert.equal(exec.code, 42)
    assert.match(exec.out, /10\.0\.0\.11[\s\S]*typed$/)
    const shell = await operator(['shell', '--lab', id], 'svc status\nexit 9\n')
    assert.match(shell.out, /etcd-1 +running/)
    assert.equal(shell.code, 9)
  })

  test('bad input is said, with what is allowed', async () => {
    const said = async (args: string[], what: RegExp) => {
      const { code, err } = await operator(args)
      assert.match(err, what)
      assert.equal(code, 2)
    }
    await said(['up', 'nothing'], /known: .*etcd/)
    await said(['up', 'etcd', '--size', '4'], /1, 3, 5, 7/)
    await said(['up', 'etcd', '--id', id], /already running/)
    await said(['up', 'etcd', '--id', 'A B'], /lower-case/)
    await said(['exec', '--lab', id, 'etcd-9', '--', 'true'], /etcd-1/)
    await said(['down', 'nobody'], new RegExp(id))
  })

  test('down ends it, and not what another process owns', async () => {
    const topology = { subject: 'x', nodes: [], programs: [] }
    await using mine = await netns.up(topology, { signal: new AbortController().signal })
    const refused = await operator(['down', mine.id])
    assert.equal(refused.code, 2)
    assert.match(refused.err, new RegExp(`belongs to process ${process.pid}`))
    const { code, out } = await operator(['down', id])
    assert.equal(code, 0)
    assert.match(out, /is gone/)
    const left = (await netns.list()).map((info) => info.id)
    assert.ok(left.includes(mine.id) && !left.includes(id))
  })
})
