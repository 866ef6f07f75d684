import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '../src/lab/contract.ts'
import { netns } from '../src/lab/netns/netns.ts'
import { labSandbox } from '../src/sandbox/lab.ts'
import type { ExecOptions, Sandbox } from '../src/sandbox/sandbox.ts'
import { smallTopology } from './standins/small-topology.ts'
import { slowed, until } from './standins/until.ts'

const user = fileURLToPath(new URL('./standins/sandbox-user.ts', import.meta.url))

describe('sandbox in a lab', () => {
  let cluster: Cluster
  let sandbox: Sandbox
  before(async () => {
    cluster = await netns.up(smallTopology(), { signal: new AbortController().signal })
    sandbox = labSandbox(cluster)
  })
  after(() => cluster[Symbol.asyncDispose]())

  const exec = (command: string, options: Partial<ExecOptions> = {}) =>
    sandbox.exec(command, {
      timeoutMs: slowed(10_000),
      signal: new AbortController().signal,
      maxBytes: 10_000,
      ...options,
    })
  const running = async (pattern: string) =>
    (await cluster.run('echo-1', ['pgrep', '-f', pattern])).stdout !== ''
  const gone = (pattern: string) => until(`${pattern} is gone`, async () => !(await running(pattern)), 20_000)

  test('gives output, errors and exit code', async () => {
    const { stdout, stderr, exitCode, timedOut, truncatedBytes, durationMs } = await exec(
      'echo out; echo err >&2; exit 3',
    )
    assert.deepEqual(
      { stdout, stderr, exitCode, timedOut, truncatedBytes },
      { stdout: 'out\n', stderr: 'err\n', exitCode: 3, timedOut: false, truncatedBytes: 0 },
    )
    assert.ok(durationMs < slowed(2_000))
  })

  test('takes any text as the command', async () => {
    const text = `'"$HOME\` \\ \n<<EOF ${'x'.repeat(100_000)} é`
    assert.equal(
      (await exec(`printf %s ${JSON.stringify('ok')}; : '${text.replaceAll("'", `'\\''`)}'`)).stdout,
      'ok',
    )
    assert.equal((await exec("cat <<'EOF'\nit's\nEOF\n")).stdout, "it's\n")
    await assert.rejects(exec('echo \0'), TypeError)
    assert.equal((await exec('if')).exitCode, 2)
  })

  test('has no input, no terminal and a shell of its own', async () => {
    assert.equal((await exec('cat; tty; x=1')).stdout, 'not a tty\n')
    assert.equal((await exec('echo "[$x]"')).stdout, '[]\n')
  })

  test('reaches the cluster', async () => {
    assert.match(
      (await exec('svc status; socat -t 1 - TCP:echo-2:8080 </dev/null')).stdout,
      /running[\s\S]*I am echo-2/,
    )
  })

  test('returns when the shell ends, though a child in the background lives on', async () => {
    const { stdout, durationMs } = await exec('sleep 654 & echo started')
    assert.equal(stdout, 'started\n')
    assert.ok(durationMs < slowed(1_000), `${durationMs} ms`)
    assert.ok(await running('sleep 654'))
    await exec('setsid unshare -p --fork sleep 654 & sleep 0.1')
    await sandbox.end?.()
    assert.equal(await running('sleep 654'), false, 'with its session it ends')
    assert.equal(await cluster.state('echo-1'), 'running')
  })

  test('a command that takes too long is killed with all that it started', async () => {
    const command = 'trap "" TERM INT HUP; echo begun; (sleep 321 & setsid sleep 321 & sleep 321) & sleep 321'
    const { stdout, exitCode, timedOut, durationMs } = await exec(command, { timeoutMs: 300 })
    assert.deepEqual({ stdout, exitCode, timedOut }, { stdout: 'begun\n', exitCode: null, timedOut: true })
    assert.ok(durationMs < slowed(2_000), `${durationMs} ms`)
    assert.equal(await running('sleep 321'), false)
    assert.equal(await cluster.state('echo-1'), 'running')
  })

  test('an abort kills it all, and rejects with the reason', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const options = { signal: controller.signal, onOutput: () => controller.abort(reason) }
    await assert.rejects(exec('echo now; sleep 432 & sleep 432', options), reason)
    assert.equal(await running('sleep 432'), false)
    await assert.rejects(exec('true', { signal: controller.signal }), reason)
  })

  test('a flood of output is read, counted and not kept', async () => {
    const flood = await exec('yes | head -c 50000000; echo THE_END; echo done >&2', { maxBytes: 1_000 })
    const { tail = '', leftBytes = 0, leftLines = 0 } = flood.rests?.stdout ?? {}
    assert.match(tail, /^(y\n)+THE_END\n$/, 'the true end')
    const shown = flood.stdout + tail
    assert.ok(shown.length > 900 && shown.length <= 1_000)
    assert.equal(leftBytes, 50_000_008 - shown.length)
    assert.equal(leftLines, 25_000_001 - (shown.split('\n').length - 1))
    assert.equal(flood.truncatedBytes, leftBytes)
    assert.equal(flood.stderr, 'done\n')
  })

  test('output that is not UTF-8 is text all the same, however it is cut', async () => {
    assert.equal((await exec(`printf 'a\\377b'`)).stdout, 'a\u{fffd}b')
    const chunks: string[] = []
    const { stdout } = await exec(`printf '\\303'; sleep 0.05; printf '\\251'`, {
      onOutput: (text) => chunks.push(text),
    })
    assert.equal(stdout, 'é')
    assert.equal(chunks.join(''), 'é')
    const cut = await exec(`printf 'é'`, { maxBytes: 1 })
    assert.deepEqual([cut.stdout, cut.truncatedBytes], ['', 2])
  })

  test('what it starts with svc outlives it', async () => {
    await exec('svc stop echo-2; svc start echo-2')
    await until('it runs', async () => (await cluster.state('echo-2')) === 'running')
    await exec('svc restart echo-2; sleep 60', { timeoutMs: 500 })
    await until('it runs', async () => (await cluster.state('echo-2')) === 'running')
  })

  test('dies with the process that asked for it, even after kill -9', async () => {
    const command = 'echo begun; (sleep 765 & setsid sleep 765 & sleep 765) & sleep 765'
    const child = spawn(process.execPath, [user, 'netns', cluster.id, command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await until('it runs', () => running('sleep 765'))
    child.kill('SIGKILL')
    await gone('sleep 765')
    await gone('bash -s')
  })

  test('killing its own shell harms nobody else', async () => {
    assert.equal((await exec('kill -9 $$')).exitCode, 137)
    const { exitCode, durationMs } = await exec('kill -9 $PPID; sleep 876 & wait')
    assert.notEqual(exitCode, 0)
    assert.ok(durationMs < slowed(2_000))
    await exec('pkill -f "sleep 87[6]"')
  })

  test('a fork bomb and a memory hog are stopped by their limits', async () => {
    const { timedOut } = await exec('f() { f | f & }; f; sleep 30', { timeoutMs: 1_000 })
    assert.equal(timedOut, true)
    assert.equal(await running('sleep 30'), false)
    assert.equal(await cluster.state('echo-1'), 'running')
    assert.equal((await exec('cat /proc/self/oom_score_adj')).stdout, '500\n')
    await exec('svc restart echo-1')
    const limits = await cluster.run('echo-1', [
      'sh',
      '-c',
      'cat /proc/$(pgrep -x socat | head -1)/oom_score_adj',
    ])
    assert.equal(limits.stdout, '0\n')
  })
})
