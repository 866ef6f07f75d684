import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Bench, type BenchOptions, bench } from '../../../test/standins/work.ts'
import type { Claim } from '../../core/work/claim.ts'
import { LimitReached } from '../../core/work/limits.ts'
import { commandAgent } from './command.ts'

const operator = [process.execPath, join(import.meta.dirname, '../../cli/main.ts')]
const secret = 'sk-of-no-account-0004'

/** Runs a script as the agent, with real processes around a shell that is a function. */
async function run(script: string, options: BenchOptions = {}): Promise<Bench & { claim: Claim }> {
  const it = bench(options)
  const env = { PATH: process.env.PATH, ITS_KEY: secret }
  const claim = await commandAgent({ command: ['bash', '-c', script], operator, env })(it.work)
  return { ...it, claim }
}

const says = (claim: object) => `echo '${JSON.stringify(claim)}'`
const fixed: Claim = {
  status: 'fixed',
  rootCause: 'it was stopped',
  component: 'etcd-2',
  actions: ['a', 'b'],
}

describe('what a program says at its end is its claim', () => {
  const endings: Record<string, [script: string, claim: Claim]> = {
    'a claim on its last line': [`echo working; ${says(fixed)}`, fixed],
    'a claim in a fenced block, as models write it': [
      `printf 'All is well.\\n\`\`\`json\\n%s\\n\`\`\`\\n' "$(${says(fixed)})"`,
      fixed,
    ],
    'a claim, whatever its exit code': [
      `${says({ ...fixed, status: 'not_fixed' })}; exit 0`,
      { ...fixed, status: 'not_fixed' },
    ],
    'nothing but success': [
      'true',
      { status: 'fixed', rootCause: 'the program did not say', actions: [], unclaimed: true },
    ],
    'success and a word': ['echo started it', { status: 'fixed', rootCause: 'started it', actions: [] }],
    'failure and a word': [
      'echo one; echo two; exit 3',
      { status: 'not_fixed', rootCause: 'two', actions: [] },
    ],
    'failure and a word on standard error': [
      'echo why >&2; exit 3',
      { status: 'not_fixed', rootCause: 'why', actions: [] },
    ],
    'nothing but failure': [
      'exit 3',
      { status: 'not_fixed', rootCause: 'the program ended with exit code 3', actions: [], unclaimed: true },
    ],
    'a claim, and then a crash': [
      `${says(fixed)}; kill -SEGV $$`,
      {
        status: 'not_fixed',
        rootCause: `the program was ended by a signal; it said last: ${JSON.stringify(fixed)}`,
        actions: [],
        unclaimed: true,
      },
    ],
  }
  for (const [what, [script, claim]] of Object.entries(endings))
    test(what, async () => assert.deepEqual((await run(script)).claim, claim))

  test('its output goes into the audit, beside the claim', async () => {
    const { log } = await run(`echo thinking aloud; echo trouble >/dev/stderr; ${says(fixed)}`)
    assert.deepEqual(log, ['note: its output:\nthinking aloud', 'note: its standard error:\ntrouble'])
  })
})

test('gets the tickets, the briefing, earlier attempts and the limits, and nothing about the trial', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'told-'))
  await run(`cat >${folder}/input; operator shell -- true`, {
    history: ['session a claimed fixed'],
    limits: { turns: 4, sessionMs: 90_000 },
  })
  const told = JSON.parse(readFileSync(join(folder, 'input'), 'utf8'))
  rmSync(folder, { recursive: true })
  assert.deepEqual(Object.keys(told), ['tickets', 'briefing', 'history', 'limits'])
  assert.deepEqual(told.limits, { turns: 4, session_seconds: 90, command_seconds: 120 })
  assert.deepEqual(told.history, ['session a claimed fixed'])
  assert.deepEqual([told.tickets[0].id, told.tickets[0].node], [7, 'etcd-2'])
  assert.equal('variant' in told.tickets[0], false)
})

describe('operator shell', () => {
  test('prints what the command printed, and ends as it did', async () => {
    const shell = (command: string) =>
      command.startsWith('exit') ? { exitCode: Number(command.slice(5)), stderr: 'no\n' } : `ran ${command}\n`
    const { claim, commands, spent } = await run(
      `out=$(operator shell --reason 'to see' -- svc start 'etcd 2')
       operator shell 'exit 7' 2>/tmp/$$; code=$?
       echo "$out, $code, $(cat /tmp/$$; rm /tmp/$$)"`,
      { shell },
    )
    assert.deepEqual(commands, ['svc start etcd 2', 'exit 7'])
    assert.equal(claim.rootCause, 'ran svc start etcd 2, 7, no')
    assert.equal(spent.length, 2, 'a command is a turn')
    assert.ok(spent.every(({ costUsd }) => costUsd === null))
  })

  test('says that the time of a command is over', async () => {
    const { claim } = await run('operator shell -- sleep 9; echo $?', {
      shell: () => ({ exitCode: null, timedOut: true }),
    })
    assert.equal(claim.rootCause, '124')
  })

  test('takes the command back when it is stopped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'back-'))
    const runs = join(folder, 'runs')
    const { claim } = await run(
      `operator shell -- forever & until [ -e ${runs} ]; do sleep 0.02; done
       kill -9 $!; until [ -e ${runs}.not ]; do sleep 0.02; done; operator shell -- next`,
      {
        shell: async (command, signal) => {
          if (command === 'next') return 'the next one runs'
          writeFileSync(runs, '')
          await new Promise((resolve) => signal?.addEventListener('abort', resolve))
          writeFileSync(`${runs}.not`, '')
          throw signal?.reason
        },
      },
    )
    rmSync(folder, { recursive: true })
    assert.equal(claim.rootCause, 'the next one runs')
  })

  test('refuses a call from outside the session', async () => {
    const { claim } = await run(`unset OPERATOR_SESSION; ${operator.join(' ')} shell -- true; echo $?`)
    assert.equal(claim.rootCause, '2')
  })
})

test('the program has its key, and none of its commands has it', async () => {
  const { claim, commands } = await run('operator shell -- env >&2; echo "$ITS_KEY"', {
    shell: () => 'PATH=/bin',
  })
  assert.equal(claim.rootCause, secret)
  assert.deepEqual(commands, ['env'])
})

test('a runaway ends at its limit of turns, within a command or not', async () => {
  const runaway = 'while :; do operator shell -- svc status; done'
  const it = bench({ limits: { turns: 2 } })
  const agent = commandAgent({ command: ['bash', '-c', runaway], operator, env: process.env })
  await assert.rejects(agent(it.work), (error) => error instanceof LimitReached && error.limit === 'turns')
  assert.deepEqual(it.commands, ['svc status', 'svc status'])
})

test('a session leaves no files, and only its owner could read them', async () => {
  const { claim } = await run('d=$(dirname "$OPERATOR_SESSION"); stat -c "%a $d" "$d"')
  const [mode, folder = ''] = claim.rootCause.split(' ')
  assert.equal(mode, '700')
  assert.equal(existsSync(folder), false)
})
