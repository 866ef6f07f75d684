import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const main = join(import.meta.dirname, '../src/cli/main.ts')

async function doctor(env: Record<string, string>, ...args: string[]) {
  try {
    const run = await promisify(execFile)(process.execPath, [main, 'doctor', ...args], { env })
    return { ...run, code: 0 }
  } catch (error) {
    return error as { stdout: string; stderr: string; code: number }
  }
}

const usual = { PATH: process.env.PATH ?? '', HOME: '/nowhere' }

test('it says what can run, and exits with 0 or 3 accordingly', async () => {
  const { stdout, code } = await doctor(usual, '--json')
  const { ready, checks } = JSON.parse(stdout)
  assert.equal(code, ready ? 0 : 3)
  const names = checks.map((check: { name: string }) => check.name)
  for (const name of ['Node', 'netem', 'NFQUEUE', 'Claude', 'etcd', 'netns', 'docker', 'node_kill (netns)'])
    assert.ok(names.includes(name), name)
})

test('it says which bounds hold for what an agent runs', async () => {
  const { checks } = JSON.parse((await doctor(usual, '--json')).stdout)
  const bounds = checks.filter((check: { group: string }) => check.group === 'bounds')
  assert.deepEqual(
    bounds.map((check: { name: string }) => check.name),
    ['descriptors', 'memory', 'processes', 'system calls', 'what is left behind'],
  )
  for (const { can, optional, name } of bounds) assert.ok(can || optional, name)
})

test('each no has its fix', async () => {
  const { stdout } = await doctor(usual, '--json')
  for (const check of JSON.parse(stdout).checks) assert.equal(check.can, check.fix === undefined, check.name)
})

test('of a key it says that it is set, and not one character of it', async () => {
  const key = 'zqxjkvwy-0123456789'
  const { stdout, stderr } = await doctor({ ...usual, ANTHROPIC_API_KEY: key })
  assert.match(stdout, /yes +Claude +ANTHROPIC_API_KEY is set/)
  assert.doesNotMatch(stdout + stderr, /zqxj|6789/)
})

test('colours are for terminals', async () => {
  const { stdout } = await doctor(usual)
  assert.ok(!stdout.includes('\u001b'))
})

test('a machine without docker or a home is no reason to fail', async () => {
  const { stdout } = await doctor({ ...usual, HOME: '', DOCKER_HOST: 'unix:///nowhere.sock' }, '--json')
  const docker = JSON.parse(stdout).checks.find((check: { name: string }) => check.name === 'Docker engine')
  assert.equal(docker.can, false)
  assert.equal(docker.optional, true)
})
