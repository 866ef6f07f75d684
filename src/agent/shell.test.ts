import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultLimits } from '../core/work/limits.ts'
import type { ExecResult, Sandbox } from '../sandbox/sandbox.ts'
import { redactor } from './secrets/redact.ts'
import { auditedShell, type Journal } from './shell.ts'

const secret = 'hunter2-and-more'
const printed = (of: Partial<ExecResult> = {}): ExecResult => ({
  stdout: '',
  stderr: '',
  exitCode: 0,
  timedOut: false,
  durationMs: 4.4,
  truncatedBytes: 0,
  ...of,
})

interface Bench {
  /** Blocks of what each command asks of an engine. */
  asks?: readonly (readonly string[])[]
  run?: (command: string, signal: AbortSignal) => ExecResult | Promise<ExecResult>
  journal?: Journal
}

/** A shell over a sandbox that is a function; `log` has all that happened, in order. */
function bench({ asks, run = () => printed(), journal = async () => undefined }: Bench = {}) {
  const log: [string, string, unknown?][] = []
  const abort = new AbortController()
  const sandbox: Sandbox = {
    describe: 'a function',
    exec: async (command, { signal, timeoutMs }) => {
      assert.equal(timeoutMs, 1_234)
      log.push(['runs', command])
      return await run(command, signal)
    },
    ...(asks && {
      engineRequests: async function* () {
        yield* asks
      },
    }),
  }
  const shell = auditedShell({
    sandbox,
    journal: async (...entry) => {
      await journal(...entry)
      log.push(entry)
    },
    redact: redactor([secret]),
    limits: { ...defaultLimits, commandMs: 1_234 },
    signal: abort.signal,
  })
  return { shell, log, abort, kinds: () => log.map(([kind]) => kind) }
}

describe('the audited shell', () => {
  test('records why and what before it runs, and what came of it after', async () => {
    const { shell, log } = bench({ run: () => printed({ stdout: 'out', stderr: 'err', exitCode: 3 }) })
    const result = await shell('ls', 'to see')
    assert.deepEqual(log, [
      ['tool_call', 'ls', { call: 1, reasoning: 'to see' }],
      ['runs', 'ls'],
      ['tool_result', 'out\n--- stderr ---\nerr', { call: 1, exitCode: 3, durationMs: 4 }],
    ])
    assert.deepEqual(
      { ...result, durationMs: 4 },
      { stdout: 'out', stderr: 'err', exitCode: 3, timedOut: false, durationMs: 4 },
    )
  })

  test('does not run what cannot be recorded', async () => {
    const { shell, kinds } = bench({
      journal: async () => {
        throw new Error('disk full')
      },
    })
    await assert.rejects(shell('rm x', 'y'), /disk full/)
    assert.deepEqual(kinds(), [])
  })

  test('gives no result away that could not be recorded', async () => {
    const { shell } = bench({
      journal: async (kind) => {
        if (kind === 'tool_result') throw new Error('disk full')
      },
    })
    await assert.rejects(shell('ls', 'y'), /disk full/)
  })

  test('masks secrets before audit and model, in both directions', async () => {
    const { shell, log } = bench({
      run: (command) => {
        assert.match(command, /hunter2/, 'what runs is what was asked for')
        return printed({ stdout: `key=${secret}`, stderr: Buffer.from(secret).toString('base64') })
      },
    })
    const result = await shell(`echo ${secret}`, `try ${secret}`)
    const seen = JSON.stringify([result, log.filter(([kind]) => kind !== 'runs')])
    assert.doesNotMatch(seen, /hunter2/)
    assert.ok(!seen.includes(Buffer.from(secret).toString('base64').slice(2, 18)))
    assert.match(seen, /\[redacted\]/)
  })

  test('shows head and tail of a long output, and records all of it', async () => {
    const stdout = `first\n${'x'.repeat(99)}\n`.repeat(2_000)
    const { shell, log } = bench({ run: () => printed({ stdout, truncatedBytes: 7, timedOut: true }) })
    const shown = await shell('cat', 'y')
    assert.ok(shown.stdout.length < 13_000 && shown.stdout.includes('left out'))
    const [, recorded, meta] = log[2] ?? ['', '']
    assert.equal(recorded, stdout)
    assert.deepEqual(meta, { call: 1, exitCode: 0, durationMs: 4, timedOut: true, truncatedBytes: 7 })
  })

  test('the true end of a flood reaches audit and agent, masked, with true numbers', async () => {
    const rest = { tail: `${secret}\nTHE_END exit=3\n`, leftBytes: 19_988_000, leftLines: 40 }
    const { shell, log } = bench({
      run: () => printed({ stdout: 'first\n', rests: { stdout: rest }, truncatedBytes: 19_988_000 }),
    })
    const shown = await shell('cat', 'y')
    const text = 'first\n[... 19988000 bytes, 40 lines left out ...]\n[redacted]\nTHE_END exit=3\n'
    assert.equal(shown.stdout, text)
    assert.equal(log[2]?.[1], text)
  })

  test('runs one at a time, and the next after one that broke', async () => {
    let running = 0
    const { shell, log } = bench({
      run: async (command) => {
        assert.equal(++running, 1)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        if (command === 'b') throw new Error('gone')
        return printed()
      },
    })
    const all = await Promise.allSettled([shell('a', ''), shell('b', ''), shell('c', '')])
    assert.deepEqual(
      all.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.deepEqual(
      log.filter(([kind]) => kind === 'tool_result').map(([, body, meta]) => [body, meta]),
      [
        ['', { call: 1, exitCode: 0, durationMs: 4 }],
        ['cut short: gone', { call: 2, exitCode: null }],
        ['', { call: 3, exitCode: 0, durationMs: 4 }],
      ],
    )
  })

  test('runs nothing once the session is over, not even what was already asked for', async () => {
    const reason = new Error('stopped')
    const { shell, abort, kinds } = bench({
      run: (_, signal) => {
        abort.abort(reason)
        signal.throwIfAborted()
        return printed()
      },
    })
    const asked = [shell('a', ''), shell('b', '')]
    for (const command of [...asked, shell('c', '')]) await assert.rejects(command, (e) => e === reason)
    assert.deepEqual(kinds(), ['tool_call', 'runs', 'tool_result'])
  })
  const request = (at: number, path: string, more: object = {}) =>
    JSON.stringify({ at, passed: path, ...more })

  test('records what was asked of an engine: the same again and again as one, with how often', async () => {
    const polls = Array.from({ length: 5_000 }, (_, i) => request(10 + i, '/containers/json'))
    const asks = [[request(1, '/x', { command: `["echo ${secret}"]` }), ...polls, request(9_000, '/y')]]
    const { shell, log } = bench({ asks })
    await shell('ls', 'y')
    assert.deepEqual(log.at(-1)?.[2], {
      call: 1,
      exitCode: 0,
      durationMs: 4,
      engineRequests: [
        '{"at":1,"passed":"/x","command":"[\\"echo [redacted]\\"]"}',
        '{"at":10,"passed":"/containers/json","times":5000,"until":5009}',
        '{"at":9000,"passed":"/y"}',
      ],
    })
  })

  test('records all of many requests, in entries before the result, also when the command was cut short', async () => {
    const blocks = Array.from({ length: 3 }, (_, block) =>
      Array.from({ length: 300 }, (_, i) => request(i, `/exec/${block}-${i}/start`)),
    )
    const { shell, log } = bench({
      asks: blocks,
      run: (command) => {
        if (command === 'broken') throw new Error('gone')
        return printed()
      },
    })
    await shell('loop', 'y')
    await assert.rejects(shell('broken', 'y'), /gone/)
    for (const call of [1, 2]) {
      const entries = log.filter(
        ([kind, , meta]) => kind === 'tool_result' && (meta as { call: number }).call === call,
      )
      const last = entries.pop()?.[2] as { engineRequests: string; exitCode: unknown }
      assert.deepEqual(
        [last.engineRequests, last.exitCode],
        ['900 in the entries before this one', call === 1 ? 0 : null],
      )
      assert.deepEqual(
        entries.flatMap(([, body]) => body.split('\n')),
        blocks.flat(),
      )
      assert.ok(entries.every(([, , meta]) => (meta as { engineRequests: unknown }).engineRequests === 300))
    }
  })

  test('says so when what was asked cannot be read, and gives the result all the same', async () => {
    const { shell, log } = bench({ asks: [['no JSON']] })
    await shell('ls', 'y')
    assert.match(JSON.stringify(log.at(-1)), /"engineRequests":"not known: .*JSON/)
  })
})
